/// How far a connection's requests are, as counted by the handlers on both sides of the decoder. Of one event loop.
final class RequestProgress {
    /// Bytes that have arrived, decrypted where the connection is encrypted.
    var bytesReceived = 0
    /// Bytes that were written, as they are on the wire.
    var bytesSent = 0
    /// Heads, pieces of bodies and ends that the decoder has made of them.
    private(set) var parts = 0
    /// Heads alone.
    private(set) var requests = 0
    /// Answers whose last part has been written.
    private(set) var answers = 0
    /// A head was read and its request's end was not.
    private(set) var isInMessage = false
    /// Bytes of bodies, and the pieces in which they came.
    private(set) var bodyBytes = 0
    private(set) var bodyParts = 0
    /// An answer has said that it is the last.
    var isClosing = false

    /// Requests are held back until the client has read the answers before them.
    var waitsForRoom = false
    /// The connection ends when what is being answered is answered: nothing new is begun.
    var isEnding = false

    /// The TLS handshake is not through: nothing of the peer has been understood.
    private(set) var isHandshaking = false
    /// Streams of an HTTP/2 connection: all that have begun, and those that are open; nil in HTTP/1.
    private(set) var streams: (begun: Int, open: Int)?

    var unanswered: Int { self.requests - self.answers }

    func handshakeBegins() { self.isHandshaking = true }

    func handshakeEnded() { self.isHandshaking = false }

    /// From now on requests come in streams of their own, and the decoder's counts stay as they are.
    func isMultiplexed() { self.streams = (0, 0) }

    func streamBegan() {
        guard let streams = self.streams else { preconditionFailure("a stream of a connection that has none") }
        self.streams = (streams.begun + 1, streams.open + 1)
    }

    func streamEnded() {
        guard let streams = self.streams, streams.open > 0 else { preconditionFailure("a stream ended twice") }
        self.streams = (streams.begun, streams.open - 1)
    }

    func headRead() {
        self.parts += 1
        self.requests += 1
        self.isInMessage = true
    }

    func bodyRead(_ bytes: Int) {
        self.parts += 1
        self.bodyBytes += bytes
        self.bodyParts += 1
    }

    func endRead() {
        self.parts += 1
        self.isInMessage = false
    }

    func answered() { self.answers += 1 }

    /// A request was answered before it reached the decoder.
    func answeredAtOnce() { self.parts += 1 }
}
