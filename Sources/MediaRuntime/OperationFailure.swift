import MediaModel
import MediaOrigin

/// Why an operation did not end as it should, in words for whoever runs it: unlike a client, an operator is told
/// everything.
package enum OperationFailure {
    /// What happened, where, and what to do next.
    package static func sentence(for error: any Error) -> String {
        if error is CancellationError {
            return "Interrupted. What was done stays done; run it again to go on."
        }
        let happened = Printable.text(String(reflecting: error))
        return Self.advice(for: error).map { "\(happened); \($0)" } ?? happened
    }

    /// The last line of an operation that failed; its `code` is for programs.
    static func line(for error: any Error) -> OperationLine {
        OperationLine(.failed, self.sentence(for: error), fields: ["code": self.code(of: error)])
    }

    private static func code(of error: any Error) -> String {
        switch error {
        case is CancellationError: "stopped"
        case is OperationOptionsError: "bad-options"
        case let error as OfflineOriginError: "folder.\(error.code)"
        default: error.qualifiedCode ?? "internal-error"
        }
    }

    private static func advice(for error: any Error) -> String? {
        switch error {
        case let error as CatalogError: self.advice(for: error.code)
        case let error as KeyError: self.advice(for: error.code)
        case let error as BlobStoreError: self.advice(for: error.code)
        case let error as SealError: self.advice(for: error.code)
        case let error as RenderError where error.code == .unavailable:
            "install mediaworker beside this program, or say where it is with worker.path"
        default: nil
        }
    }

    private static func advice(for code: CatalogError.Code) -> String? {
        switch code {
        case .keyInUse: "'mediactl keys rewrap' moves them to the current key; retire it then"
        case .full: "make room on the disk and run it again"
        case .newer: "use the release that wrote it, or a later one"
        case .corrupt: "'mediactl fsck' says how much is wrong; 'mediactl restore' brings a back-up back"
        case .syncFailed: "look at the disk and its cables; start again from what is on it"
        default: nil
        }
    }

    private static func advice(for code: KeyError.Code) -> String? {
        switch code {
        case .unavailable:
            "'mediactl keys list' shows which keys there are; a line that the key ring has lost is in its back-up"
        case .badMirror: "a service that starts, or 'mediactl keys rotate', writes the mirror anew"
        case .mismatch: "the catalog and the keys are not of one origin; check data.dir and key.ring.path"
        case .unreachable, .throttled: "run it again when the provider answers"
        case .disabled: "enable the root key at its provider"
        case .denied: "check the credentials (kms.…) and what they may do with the root key"
        case .unsupported: "do it with the provider's own tools"
        default: nil
        }
    }

    private static func advice(for code: BlobStoreError.Code) -> String? {
        switch code {
        case .full: "make room on the disk and run it again"
        case .syncFailed: "look at the disk and its cables; start again from what is on it"
        case .missing, .truncated: "'mediactl fsck' says how much is wrong"
        default: nil
        }
    }

    private static func advice(for code: SealError.Code) -> String? {
        switch code {
        case .cryptography, .identityTooLong: nil
        default: "'mediactl fsck' says how much is wrong; 'mediactl restore' brings a back-up back"
        }
    }
}
