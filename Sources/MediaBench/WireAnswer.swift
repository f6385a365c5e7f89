/// One answer in HTTP/1.1, as far as its end has to be found: status, `Content-Length`, so many bytes.
struct WireAnswer {
    private static let headEnd = Array("\r\n\r\n".utf8)

    private var head: [UInt8] = []
    private var bodyLeft = 0
    /// Nil until the head is there.
    private(set) var status: Int?
    private(set) var isComplete = false

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard self.status == nil else { return self.takeBody(bytes.count) }
        let begun = self.head.count
        self.head += bytes
        let from = max(0, begun - Self.headEnd.count)
        guard let end = self.head[from...].firstRange(of: Self.headEnd) else { return }
        let length = self.head.count - end.upperBound
        self.readHead(String(decoding: self.head[..<end.lowerBound], as: UTF8.self))
        self.takeBody(length)
    }

    private mutating func readHead(_ text: String) {
        let lines = text.split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        self.status = status
        // RFC 9112 §6.3: a 304 says how long the body would be, and has none.
        guard status != 304, status != 204 else { return }
        let field = lines.first { $0.lowercased().hasPrefix("content-length:") }
        self.bodyLeft = field?.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

    private mutating func takeBody(_ count: Int) {
        self.bodyLeft -= count
        self.isComplete = self.bodyLeft <= 0
    }
}
