package import HTTPTypes

/// Judges a request's head by what NIO's parser (llhttp) lets through.
///
/// llhttp itself refuses, with 400 and a closed connection, what matters most for request smuggling: `Content-Length`
/// with `Transfer-Encoding`, repeated lengths, obs-fold, bare CR or LF, white space before a colon, a last coding other
/// than `chunked`. What is judged here came through it in an experiment on a socket, and proxies differ on it.
/// `RequestHeadHandler` does the part that needs the protocol version, which `HTTPRequest` does not have.
package enum RequestGuard {
    /// RFC 9112 §3 asks for at least 8000.
    package static let targetBytesMax = 8192

    package enum Verdict: Sendable, Hashable {
        case accept
        /// 400. `LingeringCloseHandler` ends the connection after it: where the request ends is what one of us is wrong
        /// about.
        case malformed(Fault)
        /// 414.
        case targetTooLong
        /// 405: CONNECT and TRACE are for no resource here, and TRACE echoes what the client should not see.
        case methodRefused
        /// 400 and the end of the connection. RFC 9112 §6.1 would rather have 501; but a proxy that retries what fails
        /// with 5xx must not carry the same framing to the next origin.
        case unsupportedTransferCoding
        /// 415 with `Accept-Encoding: identity` (RFC 9110 §15.5.16). What is hashed and stored is what was sent, and
        /// decompressing for a stranger is a bomb's way in.
        case unsupportedContentCoding
        /// 417 (RFC 9110 §10.1.1).
        case expectationFailed
    }

    /// What is malformed; for the log.
    package enum Fault: String, Sendable {
        case hostMissing = "host-missing"
        case hostRepeated = "host-repeated"
        case hostInvalid = "host-invalid"
        case targetInvalid = "target-invalid"
        case lengthInvalid = "length-invalid"
        case lengthWithTransferCoding = "length-with-transfer-coding"
        case transferCodingEmpty = "transfer-coding-empty"
        case contentUnexpected = "content-unexpected"
        case fieldRepeated = "field-repeated"
    }

    /// Decides in this order: framing first, because after a framing fault nothing else can be believed.
    package static func inspect(_ request: HTTPRequest) -> Verdict {
        let tally = FieldTally(request.headerFields)
        if let verdict = Self.framing(tally) { return verdict }
        if let verdict = Self.host(request.authority, tally) { return verdict }
        if let verdict = Self.target(request) { return verdict }
        if tally.repeatsSingleton { return .malformed(.fieldRepeated) }
        // A body on these has no meaning (RFC 9110 §9.3.1), and peers disagree on whether it is read at all.
        if request.method == .get || request.method == .head, tally.announcesContent {
            return .malformed(.contentUnexpected)
        }
        if !tally.contentCodings.allSatisfy({ Self.isEvery($0, "identity") }) { return .unsupportedContentCoding }
        if !tally.expectations.allSatisfy({ Self.isEvery($0, "100-continue") }) { return .expectationFailed }
        return .accept
    }

    /// llhttp checks only that the last coding is `chunked`, and takes an empty `Transfer-Encoding` for none.
    private static func framing(_ tally: FieldTally) -> Verdict? {
        guard tally.lengths.count <= 1,
            tally.lengths.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return .malformed(.lengthInvalid) }
        guard let coding = tally.transferCodings.first else { return nil }
        if !tally.lengths.isEmpty { return .malformed(.lengthWithTransferCoding) }
        if coding.isEmpty { return .malformed(.transferCodingEmpty) }
        let isChunked = tally.transferCodings.count == 1 && coding.lowercased() == "chunked"
        return isChunked ? nil : .unsupportedTransferCoding
    }

    /// RFC 9112 §3.2: none, more than one, or an invalid one is 400. The codec makes the first line the authority and
    /// leaves any other among the fields. An empty one is valid, where the target has no authority.
    private static func host(_ authority: String?, _ tally: FieldTally) -> Verdict? {
        if tally.hasAnotherHost { return .malformed(.hostRepeated) }
        guard let authority else { return .malformed(.hostMissing) }
        return authority.utf8.allSatisfy(Self.isHostByte) ? nil : .malformed(.hostInvalid)
    }

    /// Only origin-form is a route's; `OPTIONS *` is the one asterisk-form. llhttp lets a fragment through, which no
    /// client may send (RFC 9112 §3.2.1).
    private static func target(_ request: HTTPRequest) -> Verdict? {
        if request.method == .connect || request.method == .trace { return .methodRefused }
        guard let path = request.path else { return .malformed(.targetInvalid) }
        guard path.utf8.count <= Self.targetBytesMax else { return .targetTooLong }
        if request.method == .options, path == "*" { return nil }
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(UInt8(ascii: "#")) else {
            return .malformed(.targetInvalid)
        }
        return nil
    }

    /// Whether each element of a list is `token`, in any case.
    private static func isEvery(_ list: String, _ token: String) -> Bool {
        list.split(separator: ",").allSatisfy { element in
            let bare = element.drop(while: Self.isSpace)
            let end = bare.lastIndex { !Self.isSpace($0) }
            return end.map { bare[...$0].lowercased() == token } ?? true
        }
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }

    /// uri-host [ ":" port ] (RFC 3986 §3.2): unreserved, percent, sub-delims without the comma, which would hide a
    /// joined list, and the colon and brackets of ports and IPv6. No `@`: user information is not for Host.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
        }
    }
}

/// The fields that the guard looks at, gathered in one pass.
private struct FieldTally {
    private(set) var lengths: [String] = []
    private(set) var transferCodings: [String] = []
    private(set) var contentCodings: [String] = []
    private(set) var expectations: [String] = []
    private(set) var hasAnotherHost = false
    private(set) var repeatsSingleton = false
    private var seen: Set<HTTPField.Name> = []

    /// Not lists, so that two lines of one are an error of the sender (RFC 9110 §5.3); intermediaries pick the first or
    /// the last, and a signature or a token must not be checked on one and used from the other.
    private static let singletons: [HTTPField.Name] = [.contentType, .authorization, .ifRange]

    init(_ fields: HTTPFields) {
        for field in fields {
            switch field.name {
            case .contentLength: self.lengths.append(field.value)
            case .transferEncoding: self.transferCodings.append(field.value)
            case .contentEncoding: self.contentCodings.append(field.value)
            case .expect: self.expectations.append(field.value)
            case let name where Self.singletons.contains(name):
                if !self.seen.insert(name).inserted { self.repeatsSingleton = true }
            // The library has no name for it on purpose: the first Host is the authority.
            case let name where name.canonicalName == "host": self.hasAnotherHost = true
            default: break
            }
        }
    }

    var announcesContent: Bool {
        !self.transferCodings.isEmpty || self.lengths.contains { !$0.utf8.allSatisfy { $0 == 0x30 } }
    }
}
