import Testing

@testable import MediaBench

/// Where an answer ends.
@Suite struct WireAnswerTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", 304),
        ("HTTP/1.1 206 P\r\nA: b\r\nCONTENT-LENGTH:2\r\n\r\nab", 206),
    ])
    func theEndIsFoundWhereverItIsCut(text: String, status: Int) {
        let bytes = Array(text.utf8)
        for cut in bytes.indices.dropFirst() {
            var answer = WireAnswer()
            bytes[..<cut].withUnsafeBytes { answer.take($0) }
            #expect(!answer.isComplete)
            bytes[cut...].withUnsafeBytes { answer.take($0) }
            #expect(answer.isComplete && answer.status == status)
        }
    }
}
