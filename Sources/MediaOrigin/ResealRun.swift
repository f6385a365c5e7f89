import MediaModel

/// How far a ``Reseal`` is.
struct ResealRun {
    /// An old blob that is still in the store.
    struct Replaced: Sendable {
        let blob: BlobID
        /// When it was replaced.
        let at: Duration
        /// Versions that were being made of it then.
        let users: [VersionRef]
    }

    let key: EnvelopeKeyID
    private let expected: Int
    private(set) var resealed = 0
    /// Rows that were looked through for blobs that were under the key.
    var scanned = 0
    /// Blobs that were wrapped anew past the key, and were left as they are.
    var passed = 0
    var unreadable: Set<BlobID> = []
    private(set) var waiting: [Replaced] = []

    /// - Parameter expected: blobs under the key when it began.
    init(key: EnvelopeKeyID, expected: Int) {
        self.key = key
        self.expected = expected
    }

    mutating func replaced(_ old: Replaced) {
        self.resealed += 1
        self.waiting.append(old)
    }

    /// The old blobs that were replaced until `moment`; they do not wait any more.
    mutating func takeSettled(until moment: Duration) -> [Replaced] {
        let settled = self.waiting.filter { $0.at <= moment }
        self.waiting.removeAll { $0.at <= moment }
        return settled
    }

    mutating func postpone(_ old: Replaced) { self.waiting.append(old) }

    var progress: OperationLine {
        let text =
            self.scanned == 0
            ? "\(self.resealed) of about \(self.expected) blobs sealed anew"
            : "\(self.resealed) blobs sealed anew; \(self.scanned) rows looked through for more"
        return OperationLine(.progress, text, fields: self.fields)
    }

    /// Nil where no blob was passed over.
    var passageFinding: OperationLine? {
        guard self.passed > 0 else { return nil }
        return OperationLine(
            .finding,
            "\(self.passed) blobs were under an older key at first and are under a newer one now: whether a rewrap had "
                + "them under \(self.key) in between is not kept; `reseal --passage \(self.key)` seals them anew, too",
            fields: ["code": "rewrapped-past-key", "key": self.key.description, "blobs": "\(self.passed)"]
        )
    }

    /// - Parameters:
    ///   - left: blobs that are still under the key.
    ///   - isUnknown: the catalog has no such key, and no blob a trace of it.
    func conclusion(left: Int, isUnknown: Bool) -> OperationLine {
        if isUnknown, self.unreadable.isEmpty {
            return OperationLine(.failed, "there is no envelope key \(self.key), and no blob was under it")
        }
        let fields = self.fields.merging(["left": "\(left)"]) { _, new in new }
        guard left == 0, self.unreadable.isEmpty else {
            let text =
                "\(self.resealed) blobs sealed anew; \(left) are still under \(self.key), and "
                + "\(self.unreadable.count) could not be read, see the findings above"
            return OperationLine(.failed, text, fields: fields)
        }
        guard self.passed == 0 else {
            let text =
                "\(self.resealed) blobs sealed anew; \(self.passed) more may have been under \(self.key), see the "
                + "finding above"
            return OperationLine(.failed, text, fields: fields)
        }
        let text = "\(self.resealed) blobs sealed anew; `keys retire \(self.key)` destroys the key"
        return OperationLine(.done, text, fields: fields)
    }

    private var fields: [String: String] {
        [
            "blobs": "\(self.resealed)", "blobsFailed": "\(self.unreadable.count)", "blobsExpected": "\(self.expected)",
            "scanned": "\(self.scanned)", "blobsPassed": "\(self.passed)",
        ]
    }
}
