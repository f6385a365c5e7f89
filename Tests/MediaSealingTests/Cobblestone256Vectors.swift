import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// The Cobblestone-256 vectors of C2SP/wycheproof (fixtures/vectors/cobblestone256.json says where from).
@Suite("Cobblestone-256 vectors")
struct Cobblestone256Vectors {
    static let all: [CobblestoneVector] = {
        let file = try? JSONDecoder().decode(
            CobblestoneFile.self,
            from: Data(Fixtures.bytes("vectors/cobblestone256.json"))
        )
        return file?.tests ?? []
    }()

    @Test("35 of 35 Cobblestone-256 vectors are there")
    func thereAre35() { #expect(Set(Self.all.map(\.tcId)) == Set(1...35)) }

    /// Streaming: exactly the valid beginning is released, and a vector that fails in its header releases nothing.
    @Test("Cobblestone-256 vectors open to the message, or to its valid beginning and an error", arguments: all)
    func opensWhatIsValid(vector: CobblestoneVector) throws {
        let (released, error) = vector.stream()
        #expect((error == nil) == (vector.result == "valid"))
        #expect(released.count == vector.msgLength ?? 0)
        if let digest = vector.msgSha256 { #expect(Digests.sha256(released).description == digest) }
        if vector.flags.contains("HeaderFailure") {
            let isTooShort = vector.message.count < Self.headerBytes
            #expect(code(of: error) == (isTooShort ? "truncated" : "wrong-key-or-header"))
        }
    }

    @Test("Cobblestone-256 vectors derive the key and the base nonce", arguments: all.filter { $0.aeadKey != nil })
    func derives(vector: CobblestoneVector) throws {
        let secrets = try Cobblestone256.derive(key: vector.secret, salt: vector.salt, context: vector.context)
        let derived = secrets.withBytes { Hex.encode($0) }
        #expect(derived.hasPrefix(try #require(vector.aeadKey) + (try #require(vector.baseNonce))))
    }

    @Test("Valid Cobblestone-256 vectors are what sealing their message gives", arguments: all.filter(\.isValid))
    func sealsToTheSameBytes(vector: CobblestoneVector) throws {
        let message = vector.stream().released
        #expect(Cobblestone256.plaintextBytes(ofMessage: vector.message.count) == message.count)
        #expect(try vector.seal(message) == vector.message)
    }

    /// A size that no message has is refused before any cryptography; what has a possible size is refused by its last
    /// chunk, unless the vector says that this one is sound.
    @Test("Cobblestone-256 vectors show their length in the last chunk", arguments: all.filter { $0.aeadKey != nil })
    func lastChunkAuthenticatesTheLength(vector: CobblestoneVector) throws {
        guard let bytes = Cobblestone256.plaintextBytes(ofMessage: vector.message.count) else {
            #expect(vector.flags.contains("Truncation") || vector.flags.contains("TrailingData"))
            return
        }
        let isLastSound = (try? vector.open(chunk: bytes / SealedLayout.chunkBytes)) != nil
        #expect(isLastSound == (vector.isValid || vector.flags.contains("ValidFinalChunk")))
    }

    @Test(arguments: [Int.min, -1, 0, 55, 56, 71, 16456, 16471, 72 + 16400 << 38, Int.max])
    func noMessageHasTheSize(bytes: Int) { #expect(Cobblestone256.plaintextBytes(ofMessage: bytes) == nil) }

    @Test(arguments: zip([72, 16455, 16472, 32873], [0, 16383, 16384, 32769]))
    func aMessageOfTheSizeHolds(bytes: Int, plaintextBytes: Int) {
        #expect(Cobblestone256.plaintextBytes(ofMessage: bytes) == plaintextBytes)
    }

    static let headerBytes = Cobblestone256.saltBytes + Cobblestone256.commitmentBytes
}

struct CobblestoneFile: Decodable {
    let tests: [CobblestoneVector]
}

struct CobblestoneVector: Decodable, Sendable, CustomTestStringConvertible {
    let tcId: Int
    let comment: String
    let result: String
    let flags: [String]
    let key: String
    let ctx: String
    let ct: [Piece]
    let msgLength: Int?
    let msgSha256: String?
    let aeadKey: String?
    let baseNonce: String?

    /// A piece of a ciphertext: hexadecimal, or a count of zero bytes.
    enum Piece: Decodable, Sendable {
        case hex(String)
        case zeros(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let count = try? container.decode(Int.self) {
                self = .zeros(count)
            } else {
                self = .hex(try container.decode(String.self))
            }
        }
    }

    var testDescription: String { "\(self.tcId): \(self.comment)" }
    var isValid: Bool { self.result == "valid" }
    var secret: SecretBytes { SecretBytes(copying: Hex.decode(self.key) ?? []) }
    var context: [UInt8] { Hex.decode(self.ctx) ?? [] }
    var salt: [UInt8] { Array(self.message.prefix(Cobblestone256.saltBytes)) }

    var message: [UInt8] {
        self.ct.reduce(into: []) { bytes, piece in
            switch piece {
            case .hex(let text): bytes += Hex.decode(text) ?? []
            case .zeros(let count): bytes += [UInt8](repeating: 0, count: count)
            }
        }
    }

    private func cipher(for message: [UInt8]) throws -> Cobblestone256 {
        guard message.count >= Cobblestone256Vectors.headerBytes else {
            throw SealError(.truncated, detail: "no whole header")
        }
        return try Cobblestone256(
            openingUnder: self.secret,
            salt: Array(message[..<Cobblestone256.saltBytes]),
            commitment: Array(message[Cobblestone256.saltBytes..<Cobblestone256Vectors.headerBytes]),
            context: self.context
        )
    }

    /// Opens chunk after chunk until one is short or an error comes.
    func stream() -> (released: [UInt8], error: (any Error)?) {
        var released: [UInt8] = []
        do {
            let message = self.message
            var cipher = try self.cipher(for: message)
            var rest = message.dropFirst(Cobblestone256Vectors.headerBytes)
            var index = 0
            var isLast = false
            while !isLast {
                let chunk = Array(rest.prefix(Cobblestone256.sealedChunkBytes))
                guard chunk.count >= SealedLayout.tagBytes else { throw SealError(.truncated, detail: "no last chunk") }
                released += try Self.open(chunk, index, with: &cipher)
                rest = rest.dropFirst(chunk.count)
                index += 1
                isLast = chunk.count < Cobblestone256.sealedChunkBytes
            }
            guard rest.isEmpty else { throw SealError(.truncated, detail: "bytes after the last chunk") }
        } catch {
            return (released, error)
        }
        return (released, nil)
    }

    func open(chunk index: Int) throws -> [UInt8] {
        let message = self.message
        var cipher = try self.cipher(for: message)
        let start = Cobblestone256Vectors.headerBytes + index * Cobblestone256.sealedChunkBytes
        return try Self.open(Array(message[start...].prefix(Cobblestone256.sealedChunkBytes)), index, with: &cipher)
    }

    private static func open(_ chunk: [UInt8], _ index: Int, with cipher: inout Cobblestone256) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0, count: SealedLayout.chunkBytes)
        try chunk.withUnsafeBufferPointer { chunk in
            try plaintext.withUnsafeMutableBufferPointer { output in
                try cipher.open(chunk: index, chunk, into: #require(output.baseAddress))
            }
        }
        return Array(plaintext.prefix(chunk.count - SealedLayout.tagBytes))
    }

    /// Seals `message` under the vector's key, salt and context.
    func seal(_ message: [UInt8]) throws -> [UInt8] {
        var cipher = try Cobblestone256(sealingUnder: self.secret, salt: self.salt, context: self.context)
        var sealed = self.salt + cipher.commitment
        for index in 0...message.count / SealedLayout.chunkBytes {
            let chunk = Array(message[(index * SealedLayout.chunkBytes)...].prefix(SealedLayout.chunkBytes))
            var output = [UInt8](repeating: 0, count: chunk.count + SealedLayout.tagBytes)
            try chunk.withUnsafeBufferPointer { chunk in
                try output.withUnsafeMutableBufferPointer { output in
                    try cipher.seal(chunk: index, chunk, into: #require(output.baseAddress))
                }
            }
            sealed += output
        }
        return sealed
    }
}
