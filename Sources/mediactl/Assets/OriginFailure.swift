import AsyncHTTPClient
import FoundationEssentials
import Glibc
import MediaRuntime
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the service did not do what was asked, and what to do next.
struct OriginFailure: Error, CustomStringConvertible {
    let summary: String
    let advice: String
    /// Whether the connection broke in the middle of the exchange: what the service did before that is not known.
    var isBrokenConnection = false

    /// Two lines.
    var description: String { Printable.text(self.summary) + "\n  " + Printable.text(self.advice) }
}

extension OriginFailure {
    /// `application/problem+json` (RFC 9457 §3); every member may be absent.
    private struct Problem: Decodable {
        let type: String?
        let title: String?
        let detail: String?
    }

    /// From an answer that is no success.
    init(status: HTTPResponseStatus, retryAfter: String?, body: [UInt8]) {
        self.init(status: status, body: body, advice: Self.advice(status, retryAfter: retryAfter))
    }

    /// Likewise, with advice of the caller's own.
    init(status: HTTPResponseStatus, body: [UInt8], advice: String) {
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)) else {
            // Something in front of the service answered, or something that is none.
            self.init(summary: "the answer was \(status.code) \(status.reasonPhrase)", advice: advice)
            return
        }
        let words = [problem.title ?? status.reasonPhrase, problem.detail].compactMap { $0 }.joined(separator: ": ")
        let type = problem.type.map { ", \($0)" } ?? ""
        self.init(summary: "\(words) (\(status.code)\(type))", advice: advice)
    }

    /// From a request that got no answer.
    init(_ error: any Error, origin: String) {
        let start = "start the service with 'mediad serve', or say where it is with --origin URL or MEDIA_ORIGIN_URL"
        switch error {
        case let error as SourceFileError:
            self.init(summary: error.description, advice: "check the file and try again")
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { Self.words($0.error) } ?? "no address for this name"
            self.init(summary: "cannot reach \(origin): \(reason)", advice: start)
        case let error as IOError where Self.unreachable.contains(error.errnoCode):
            self.init(summary: "cannot reach \(origin): \(Self.words(error))", advice: start)
        case let error as HTTPClientError where error == .connectTimeout:
            self.init(summary: "cannot reach \(origin): no answer to the connection", advice: start)
        case let error as HTTPClientError where error == .readTimeout || error == .deadlineExceeded:
            self.init(
                summary: "\(origin) did not answer in time",
                advice: "look into the service's log; with --async the service answers before the renditions are made"
            )
        default:
            self.init(
                summary: "the exchange with \(origin) broke off: \(error)",
                advice: "try again; if it happens again, look into the service's log"
            )
            self.isBrokenConnection = Self.isBroken(error)
        }
    }

    private static func isBroken(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as IOError: [ECONNRESET, EPIPE].contains(error.errnoCode)
        // The end came in the middle of an answer.
        case let error as HTTPParserError: error == .invalidEOFState
        default: false
        }
    }

    /// What `connect` says when nobody listens or no way leads there.
    private static let unreachable = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL]

    private static func words(_ error: any Error) -> String {
        (error as? IOError).map { String(errno: $0.errnoCode) } ?? "\(error)"
    }

    private static func advice(_ status: HTTPResponseStatus, retryAfter: String?) -> String {
        switch status {
        case .unauthorized, .forbidden: "give the service's token with --token or MEDIA_API_TOKEN"
        case .notFound: "check the id, and that --origin is the service's own address"
        case .gone: "it was deleted; 'mediactl undelete' takes that back until the grace is over"
        case .conflict: "'mediactl versions' shows what there is; wait for what is under way"
        case .insufficientStorage: "make room on the service's disk, or raise its quota; what is stored is not affected"
        case .payloadTooLarge: "make the file smaller, or raise upload.bytes.max of the service"
        case .unsupportedMediaType: "JPEG, PNG, GIF, WebP, HEIC and AVIF are taken"
        case .unprocessableEntity: "the same picture will be refused again; repair it, make it smaller or leave it out"
        case .tooManyRequests, .serviceUnavailable:
            retryAfter.map { "try again in \($0) seconds" } ?? "try again in a few seconds"
        case _ where status.code >= 500: "look into the service's log"
        case _ where (300..<400).contains(status.code): "the address has moved; give the service's own with --origin"
        default: "check the request; the service's log has more"
        }
    }
}
