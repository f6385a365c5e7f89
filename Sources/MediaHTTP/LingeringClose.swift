import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Decides when an HTTP/1.1 connection ends, and what of it still counts. No I/O.
///
/// A connection ends after an answer
/// - whose request has not been read to its end: the rest is not worth reading;
/// - whose request says `close`, in any case and anywhere in the list; Hummingbird knows only the exact value `close`;
/// - whose request asks for an upgrade: NIO's decoder, with nothing to upgrade to, reads no further request, so that
///   the next one (Java's client sends `Upgrade: h2c` with its first) would wait for ever;
/// - with status 400 or 501: we do not know where such a request ends.
///
/// Requests are counted because they are pipelined: the next one's head may be here before this one's answer.
struct LingeringClose {
    enum Inbound: Equatable {
        case pass
        case discard
        /// Too much: close at once.
        case close
    }

    enum Outbound: Equatable {
        case pass
        /// Send this head with `Connection: close`.
        case announceClose
        /// Send this last part, then close the output and discard what comes in.
        case end
        /// Nothing may be sent any more.
        case refuse
    }

    private enum Phase { case open, closing, ending }

    private var phase = Phase.open
    private var requestsRead = 0
    private var answersSent = 0
    /// The request, by its number, after whose answer the client expects no other.
    private var lastRequest: Int?
    private var requestsBegun = 0
    private var discardBytesLeft: Int

    init(discardBytesMax: Int) { self.discardBytesLeft = discardBytesMax }

    /// The last answer has been sent.
    var isEnding: Bool { self.phase == .ending }

    mutating func received(_ part: HTTPRequestPart) -> Inbound {
        if self.phase == .ending {
            if case .body(let bytes) = part { self.discardBytesLeft -= bytes.readableBytes }
            return self.discardBytesLeft >= 0 ? .discard : .close
        }
        switch part {
        case .head(let request):
            if self.lastRequest == nil, Self.isLast(request) { self.lastRequest = self.requestsBegun }
            self.requestsBegun += 1
        case .body: break
        case .end: self.requestsRead += 1
        }
        return .pass
    }

    mutating func willSend(_ part: HTTPResponsePart) -> Outbound {
        switch (part, self.phase) {
        case (_, .ending): return .refuse
        case (.head(let response), .open) where response.status.kind != .informational:
            guard self.endsConnection(response) else { return .pass }
            self.phase = .closing
            return .announceClose
        case (.end, .open):
            self.answersSent += 1
            return .pass
        case (.end, .closing):
            self.phase = .ending
            return .end
        default: return .pass
        }
    }

    private func endsConnection(_ response: HTTPResponse) -> Bool {
        let isEarly = self.requestsRead <= self.answersSent
        let isLast = self.lastRequest.map { $0 <= self.answersSent } ?? false
        return isEarly || isLast || response.status == .badRequest || response.status == .notImplemented
    }

    private static func isLast(_ request: HTTPRequest) -> Bool {
        guard let field = request.headerFields[.connection] else { return false }
        return field.lowercased().split(separator: ",").contains { option in
            let option = option.filter { $0 != " " && $0 != "\t" }
            return option == "close" || option == "upgrade"
        }
    }
}
