import HTTPTypes
import Logging
import MediaModel
import MediaOrigin
import NIOCore

/// The one place where an error becomes a status. Keys are `{module}.{code}`.
enum ProblemTable {
    /// What the client is told when the reason is ours and not for it to know.
    static let internalError = Problem(
        code: "internal-error",
        status: .internalServerError,
        title: "Internal error",
        detail: "The request could not be served. It has been logged; try again later.",
        level: .error
    )

    static let rows: [String: Problem] = [
        // The upload's bytes.
        "origin.unsupported-media-type": Problem(
            code: "unsupported-media-type",
            status: .unsupportedMediaType,
            title: "Not a supported picture",
            detail:
                "The bytes are no JPEG, PNG, GIF, WebP, HEIC or AVIF picture. Convert it to one of these and try again."
        ),
        "origin.content-too-large": Problem(
            code: "content-too-large",
            status: .contentTooLarge,
            title: "Content too large",
            detail: "The upload has more bytes than this service takes. Make the file smaller and try again."
        ),
        "render.undecodable-picture": Self.unprocessable(
            "undecodable-picture",
            "Picture cannot be decoded",
            "The file is damaged or incomplete. Export it again and upload the new file."
        ),
        "render.unsupported-picture": Self.unprocessable(
            "unsupported-picture",
            "Picture cannot be decoded",
            "The file uses a feature of its format that this service does not decode. Save it as JPEG, PNG or WebP."
        ),
        "render.too-many-pixels": Self.unprocessable(
            "too-many-pixels",
            "Too many pixels",
            "The picture has more pixels than this service decodes. Scale it down and try again."
        ),
        "render.too-many-frames": Self.unprocessable(
            "too-many-frames",
            "Too many frames",
            "The animation has more frames than this service decodes. Shorten it and try again."
        ),
        "render.side-too-long": Self.unprocessable(
            "side-too-long",
            "Picture too long",
            "A side of the picture is longer than this service decodes. Crop or scale it and try again."
        ),
        "render.render-deadline": Self.unprocessable(
            "render-deadline",
            "Picture takes too long",
            "The picture was not decoded and encoded in the time allowed. Scale it down and try again."
        ),
        "render.codec-crashed": Self.unprocessable(
            "codec-crashed",
            "Picture cannot be decoded",
            "The decoder gave up on this file. Export it again and upload the new file."
        ),
        "render.quarantined-picture": Self.unprocessable(
            "quarantined-picture",
            "Picture is in quarantine",
            "The decoder gave up on this very file before, more than once. Export it again and upload the new file."
        ),
        "origin.incomplete-body": Self.badRequest(
            "incomplete-body",
            "Incomplete body",
            "The body has not as many bytes as were announced. Send it again."
        ),
        // The request around them.
        "multipart": Self.badRequest(
            "malformed-multipart",
            "Malformed multipart body",
            "The body is no multipart/form-data with one field 'file'. Or send the picture itself as the body."
        ),
        "origin.digest-mismatch": Self.badRequest(
            "digest-mismatch",
            "Digest mismatch",
            "The body is not the one that Content-Digest names. Nothing of it was kept. Send it again."
        ),
        "origin.idempotency-key-reused": Self.unprocessable(
            "idempotency-key-reused",
            "Idempotency key reused",
            "An earlier upload had this Idempotency-Key, and another picture or path. Send this one under a new key."
        ),
        "origin.idempotency-key-in-use": Self.keyInUse,
        // Another upload took the key between the look and the commit: the next attempt is told which it was.
        "catalog.idempotency-key-taken": Self.keyInUse,
        // What it is about.
        "origin.unknown-asset": Self.unknownAsset,
        "catalog.unknown-asset": Self.unknownAsset,
        "origin.unknown-version": Self.unknownVersion,
        "catalog.unknown-version": Self.unknownVersion,
        "origin.unknown-rendition": Self.notFound(
            "unknown-rendition",
            "There is no such rendition, or its version is not ready yet."
        ),
        "origin.gone": Self.gone,
        "catalog.gone": Self.gone,
        "origin.version-not-ready": Self.conflict(
            "version-not-ready",
            "Version not ready",
            "Only a version that is ready can be the latest. Wait until it is, or choose another one."
        ),
        // Not a 500: trying again later cannot help, and the client can: a version of a new upload is sound.
        "origin.source-damaged": Self.conflict(
            "source-damaged",
            "Source damaged",
            "The stored source of this asset is damaged. Upload the picture again as a new version.",
            level: .error
        ),
        // What is short for a while.
        "render.busy": Self.unavailable(
            "busy",
            "As many pictures as may are waiting. Try again shortly.",
            level: .notice
        ),
        "origin.backlog-full": Self.unavailable(
            "busy",
            "As many uploads as may are waiting to be processed. Try again shortly.",
            level: .notice
        ),
        "render.renderer-unavailable": Self.unavailable(
            "renderer-unavailable",
            "Pictures cannot be processed at the moment. Try again shortly.",
            level: .error
        ),
        "origin.rendition-pending": Self.unavailable(
            "rendition-pending",
            "The rendition is being made again. Try again shortly.",
            level: .warning
        ),
        // Not the client's fault, and trying again soon cannot help.
        "origin.rendition-failed": Self.unavailable(
            "rendition-failed",
            "The picture could not be made in this format. Ask for another one, or try again later.",
            level: .error,
            retryAfterSeconds: 600
        ),
        // The envelope key was retired while the blob was sealed under it; the next attempt takes the new one.
        "catalog.envelope-key-retired": Self.unavailable(
            "envelope-key-retired",
            "The upload could not be stored at the moment. Try again shortly.",
            level: .notice
        ),
        // Keys that are away: for a moment, or until somebody has done something about it.
        "keys.key-unavailable": Self.keyAway("key-unavailable"),
        "keys.key-provider-unreachable": Self.keyAway("key-provider-unreachable"),
        "keys.key-provider-throttled": Self.keyAway("key-provider-throttled", level: .warning),
        "keys.root-key-disabled": Self.keyAway("root-key-disabled", retryAfterSeconds: 60),
        "keys.key-access-denied": Self.keyAway("key-access-denied", retryAfterSeconds: 60),
        "origin.storage-full": Self.full,
        "store.full": Self.full,
        "catalog.full": Self.full,
        "catalog.quota-exceeded": Problem(
            code: "quota-exceeded",
            status: Self.insufficientStorage,
            title: "Quota exceeded",
            detail: "This would take more storage than is allowed. Delete pictures, or ask for a larger quota.",
            level: .notice
        ),
        "catalog.too-many-recipes": Problem(
            code: "too-many-recipes",
            status: Self.insufficientStorage,
            title: "Too many recipes",
            detail:
                "As many pictures as may be were made of this one by signed options. Use one of those, or a preset.",
            level: .notice
        ),
    ]

    private static func unprocessable(_ code: String, _ title: String, _ detail: String) -> Problem {
        Problem(code: code, status: .unprocessableContent, title: title, detail: detail)
    }

    private static func badRequest(_ code: String, _ title: String, _ detail: String) -> Problem {
        Problem(code: code, status: .badRequest, title: title, detail: detail)
    }

    private static func notFound(_ code: String, _ detail: String) -> Problem {
        Problem(code: code, status: .notFound, title: "Not found", detail: detail)
    }

    private static func conflict(
        _ code: String,
        _ title: String,
        _ detail: String,
        level: Logger.Level = .debug
    ) -> Problem {
        Problem(code: code, status: .conflict, title: title, detail: detail, level: level)
    }

    private static func unavailable(
        _ code: String,
        _ detail: String,
        level: Logger.Level,
        retryAfterSeconds: Int = 2
    ) -> Problem {
        Problem(
            code: code,
            status: .serviceUnavailable,
            title: "Temporarily unavailable",
            detail: detail,
            level: level,
            retryAfterSeconds: retryAfterSeconds,
            registeredType: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
        )
    }

    private static func keyAway(
        _ code: String,
        level: Logger.Level = .error,
        retryAfterSeconds: Int = 5
    ) -> Problem {
        Self.unavailable(
            code,
            "A key that this needs is not at hand at the moment. Try again later.",
            level: level,
            retryAfterSeconds: retryAfterSeconds
        )
    }

    private static let unknownAsset = Self.notFound("unknown-asset", "There is no asset of that id.")

    private static let unknownVersion = Self.notFound("unknown-version", "The asset has no version of that number.")

    private static let gone = Problem(
        code: "gone",
        status: .gone,
        title: "Gone",
        detail: "The asset was deleted."
    )

    private static let keyInUse = Problem(
        code: "idempotency-key-in-use",
        status: .conflict,
        title: "Idempotency key in use",
        detail: "The first upload under this Idempotency-Key is not answered yet. Send the same request again shortly.",
        retryAfterSeconds: 1
    )

    private static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")

    private static let full = Problem(
        code: "insufficient-storage",
        status: Self.insufficientStorage,
        title: "Storage full",
        detail: "There is no room to store anything new. Stored pictures are served as before.",
        level: .error
    )

    /// Nobody is there to be told; the status is for the log, as nginx has it. The metrics have such a request in
    /// `http_requests_unanswered_total`. Not an error of ours.
    static let clientGone = Problem(
        code: "client-closed-request",
        status: .init(code: 499, reasonPhrase: "Client Closed Request"),
        title: "Client closed request",
        detail: "The connection was closed before the request was complete."
    )

    /// Whether it says that there is nobody to answer any more.
    static func isOfClientGone(_ error: any Error) -> Bool {
        error is IOError || error is ChannelError || error is CancellationError
    }

    /// What the client is told of `error`.
    static func problem(for error: any Error) -> Problem {
        if let problem = error as? Problem { return problem }
        if self.isOfClientGone(error) { return self.clientGone }
        guard let key = self.key(of: error), var row = self.rows[key] else { return self.internalError }
        if self.ofLoad.contains(key) {
            row.retryAfterSeconds = RetryAfter.seconds(hint: (error as? RenderError)?.retryAfter)
        }
        return row
    }

    /// What many clients are told at the same time, so that they must not come back at the same time.
    private static let ofLoad: Set<String> = ["render.busy", "origin.backlog-full", "origin.rendition-pending"]

    /// Codes of 5xx that are answered on purpose, to keep the service well or a tenant within its bounds: nothing is at
    /// fault. They count against availability, but are no server errors (docs/decisions/0024-objectives.md).
    static let deliberate: Set<String> = ["busy", "rendition-pending", "quota-exceeded", "too-many-recipes"]

    /// Nil where the error is none of ours.
    private static func key(of error: any Error) -> String? {
        error is MultipartError ? "multipart" : error.qualifiedCode
    }
}
