import NIOCore
import NIOHTTP1

/// Puts right in a request's head what is lost once it is an `HTTPRequest`: the protocol version and an absolute
/// target.
///
/// It must stand right behind NIO's decoder, before `HTTP1ToHTTPServerCodec`, where Hummingbird offers no place; so
/// ``LingeringCloseHandler`` puts one there when it is added itself.
///
/// - HTTP/1.0 with `Transfer-Encoding`: faulty framing (RFC 9112 §6.1), which llhttp reads all the same. Refused as
///   llhttp refuses: a parser error, which Hummingbird answers with 400 and a closed connection.
/// - HTTP/1.0 `Expect`: must be ignored (RFC 9110 §10.1.1), so it is taken away.
/// - HTTP/1.0 connections end after one answer. Without `keep-alive` they must (RFC 9112 §9.3) and Hummingbird would
///   not do it; with it they may, and then the answer would have to say so.
/// - HTTP/1.0 without `Host`: allowed, and here made an empty one, so that `RequestGuard` may insist on it.
/// - An absolute target (`GET http://a/b`): its authority replaces `Host` (RFC 9112 §3.2.2), which the codec forgets.
final class RequestHeadHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var isFaulty = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isFaulty { return }
        guard case .head(var head) = self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if head.version != .http1_1 {
            guard !head.headers.contains(name: "Transfer-Encoding") else {
                self.isFaulty = true
                return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
            }
            head.headers.remove(name: "Expect")
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            if !head.headers.contains(name: "Host") { head.headers.add(name: "Host", value: "") }
        }
        Self.takeAbsoluteForm(of: &head)
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
    }

    /// `http://authority/path?query` becomes `/path?query`. Only where there is one `Host` to replace: none or several
    /// are a fault that must stay to be seen.
    private static func takeAbsoluteForm(of head: inout HTTPRequestHead) {
        let prefixes = ["http://", "https://"]
        guard head.uri.utf8.first != UInt8(ascii: "/"), head.headers[canonicalForm: "Host"].count == 1,
            let prefix = prefixes.first(where: { head.uri.prefix($0.count).lowercased() == $0 })
        else { return }
        let rest = head.uri.dropFirst(prefix.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let path = String(rest[end...])
        head.headers.replaceOrAdd(name: "Host", value: String(rest[..<end]))
        head.uri = path.hasPrefix("/") ? path : "/" + path
    }
}
