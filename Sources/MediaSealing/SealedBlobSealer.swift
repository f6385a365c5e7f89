import MediaModel
import Synchronization

/// Seals one blob, chunk by chunk, and digests its plaintext on the way.
///
/// A class, though the port would take a struct: a copy of a sealer that went on by itself would seal two plaintexts
/// under one key and nonce, which gives both away and lets anyone forge chunks (SP 800-38D, appendix A).
final class SealedBlobSealer: BlobSealer {
    private let id: BlobID
    private let identity: BlobIdentity
    private let envelopeKey: EnvelopeKeyID
    private let prefix: [UInt8]
    private let state: Mutex<State>

    /// - Parameter prefix: header, salt and commitment.
    init(
        id: BlobID,
        identity: BlobIdentity,
        envelopeKey: EnvelopeKeyID,
        prefix: [UInt8],
        body: consuming Cobblestone256
    ) {
        self.id = id
        self.identity = identity
        self.envelopeKey = envelopeKey
        self.prefix = prefix
        self.state = Mutex(State(body: body))
    }

    func start() throws -> [UInt8] {
        self.state.withLock { state in
            precondition(state.phase == .fresh, "a sealer starts once")
            state.phase = .sealing
        }
        return self.prefix
    }

    func seal(_ plaintext: [UInt8]) throws -> [UInt8] { try self.state.withLock { try $0.seal(plaintext) } }

    func finish() throws -> (tail: [UInt8], record: BlobRecord) {
        try self.state.withLock { state in
            let (tail, bytes, digest) = try state.finish()
            let record = BlobRecord(
                id: self.id,
                sealedAs: self.identity,
                bytes: bytes,
                sealedBytes: SealedLayout.sealedBytes(for: bytes),
                sha256: digest,
                envelopeKey: self.envelopeKey
            )
            return (tail, record)
        }
    }
}

extension SealedBlobSealer {
    enum Phase {
        case fresh
        case sealing
        /// Finished, or failed in the middle: then what was sealed and what was counted may differ, and nothing may
        /// go on.
        case ended
    }

    /// Everything that changes while a blob is sealed.
    struct State: ~Copyable {
        var phase = Phase.fresh
        private var body: Cobblestone256
        private var digest = DigestState(.sha256)
        /// Plaintext that does not fill a chunk yet: always less than one chunk, so a full chunk never waits.
        private var held: [UInt8] = []
        /// Chunks sealed so far, which is the number of the next one.
        private var chunks = 0

        init(body: consuming Cobblestone256) {
            self.body = body
            self.held.reserveCapacity(SealedLayout.chunkBytes)
        }

        mutating func seal(_ plaintext: [UInt8]) throws -> [UInt8] {
            precondition(self.phase == .sealing, "seal comes after start and before finish")
            self.phase = .ended
            let fullChunks = (self.held.count + plaintext.count) / SealedLayout.chunkBytes
            let sealed = try plaintext.withUnsafeBufferPointer { plaintext in
                self.digest.update(plaintext)
                return try self.sealChunks(fullChunks, from: plaintext)
            }
            self.phase = .sealing
            return sealed
        }

        mutating func finish() throws -> (tail: [UInt8], bytes: Int, digest: SHA256Digest) {
            precondition(self.phase == .sealing, "finish comes once, after start")
            self.phase = .ended
            let bytes = self.chunks * SealedLayout.chunkBytes + self.held.count
            let tail = try self.sealed(bytes: self.held.count + SealedLayout.tagBytes) { (state, output) in
                try state.sealHeld(into: output)
            }
            return (tail, bytes, SHA256Digest(bytes: self.digest.finish()))
        }

        /// Seals `count` chunks from what is held and then `plaintext`; what is left of it is held.
        private mutating func sealChunks(_ count: Int, from plaintext: UnsafeBufferPointer<UInt8>) throws -> [UInt8] {
            var rest = plaintext[...]
            guard count > 0 else {
                self.held += rest
                return []
            }
            let sealed = try self.sealed(bytes: count * Cobblestone256.sealedChunkBytes) { (state, output) in
                var output = output
                if !state.held.isEmpty {
                    let missing = SealedLayout.chunkBytes - state.held.count
                    state.held += rest.prefix(missing)
                    rest = rest.dropFirst(missing)
                    try state.sealHeld(into: output)
                    output += Cobblestone256.sealedChunkBytes
                }
                while rest.count >= SealedLayout.chunkBytes {
                    let chunk = UnsafeBufferPointer(rebasing: rest.prefix(SealedLayout.chunkBytes))
                    try state.sealNext(chunk, into: output)
                    rest = rest.dropFirst(SealedLayout.chunkBytes)
                    output += Cobblestone256.sealedChunkBytes
                }
            }
            self.held += rest
            return sealed
        }

        private mutating func sealHeld(into output: UnsafeMutablePointer<UInt8>) throws(SealError) {
            // Taken out while it is read, so that `self` is free to change, and put back for its capacity.
            var held: [UInt8] = []
            swap(&held, &self.held)
            try held.withUnsafeBufferPointer { (held) throws(SealError) in try self.sealNext(held, into: output) }
            held.removeAll(keepingCapacity: true)
            swap(&held, &self.held)
        }

        private mutating func sealNext(
            _ chunk: UnsafeBufferPointer<UInt8>,
            into output: UnsafeMutablePointer<UInt8>
        ) throws(SealError) {
            try self.body.seal(chunk: self.chunks, chunk, into: output)
            self.chunks += 1
        }

        /// An array of `bytes`, at least 1, that `write` fills to the last.
        private mutating func sealed(
            bytes: Int,
            _ write: (inout State, UnsafeMutablePointer<UInt8>) throws -> Void
        ) throws -> [UInt8] {
            try [UInt8](unsafeUninitializedCapacity: bytes) { buffer, count in
                guard let start = buffer.baseAddress else { return }
                try write(&self, start)
                count = bytes
            }
        }
    }
}
