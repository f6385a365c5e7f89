import MediaModel
import MediaSealing
import Testing

/// The rules of "Header" in docs/BLOB-FORMAT.md.
@Suite struct HeaderTests {
    /// A sound header, taken apart: its used part and its fields.
    struct Parts {
        var fixed: [UInt8]
        var fields: [(type: UInt8, value: [UInt8])]

        init(_ header: [UInt8]) {
            self.fixed = Array(header[..<24])
            self.fields = []
            let used = Int(header[6]) << 8 | Int(header[7])
            var position = 24
            while position < used {
                let count = Int(header[position + 1])
                self.fields.append((header[position], Array(header[position + 2..<position + 2 + count])))
                position += 2 + count
            }
        }

        /// The 512 bytes, with the length that follows from the fields.
        var bytes: [UInt8] {
            var bytes = self.fixed + self.fields.flatMap { [$0.type, UInt8($0.value.count)] + $0.value }
            (bytes[6], bytes[7]) = (UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF))
            return bytes + [UInt8](repeating: 0, count: max(0, 512 - bytes.count))
        }
    }

    private static func soundHeader() throws -> [UInt8] { Array(try SealedSample(bytes: 0).sealed.prefix(512)) }

    @Test func aSoundHeaderIsReadAndWrittenTheSame() throws {
        let header = try Self.soundHeader()
        let parsed = try SealedHeader(parsing: header)
        #expect(parsed.envelopeKey == SealedSample.key.id)
        #expect(try parsed.encode() == header)
        #expect(Parts(header).fields.map(\.type) == [1, 2, 3, 4, 5, 6, 7, 0x7F])
        #expect(Parts(header).bytes == header)
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let apply: @Sendable (inout Parts) -> Void

        init(_ name: String, _ apply: @escaping @Sendable (inout Parts) -> Void) {
            self.testDescription = name
            self.apply = apply
        }
    }

    private static let changes = [
        Change("another magic") { $0.fixed[3] = UInt8(ascii: "2") },
        Change("version 2") { $0.fixed[4] = 2 },
        Change("suite 2") { $0.fixed[5] = 2 },
        Change("no fields") { $0.fields = [] },
        Change("a field twice") { $0.fields.insert($0.fields[2], at: 2) },
        Change("fields out of order") { $0.fields.swapAt(0, 1) },
        Change("field 0") { $0.fields.insert((0, []), at: 0) },
        Change("unknown field 08") { $0.fields.insert((0x08, [1]), at: 7) },
        Change("unknown field 7E") { $0.fields.insert((0x7E, []), at: 7) },
        Change("an asset of 15 bytes") { $0.fields[1].value.removeLast() },
        Change("a version of 9 bytes") { $0.fields[2].value.append(0) },
        Change("an empty key id") { $0.fields[5].value = [] },
        Change("a key id of 65 characters") { $0.fields[5].value = [UInt8](repeating: UInt8(ascii: "a"), count: 65) },
        Change("a key id with a line feed") { $0.fields[5].value = Array("k\n1".utf8) },
        Change("a date of 7 bytes") { $0.fields[6].value.removeLast() },
        Change("a wrapped key of 71 bytes") { $0.fields[7].value.removeLast() },
        Change("a wrapped key of 73 bytes") { $0.fields[7].value.append(0) },
        Change("a source of 15 bytes") { $0.fields.append((0x80, [UInt8](repeating: 1, count: 15))) },
        Change("a source of 17 bytes") { $0.fields.append((0x80, [UInt8](repeating: 1, count: 17))) },
        Change("a source before the wrapped key") { $0.fields.insert((0x80, [UInt8](repeating: 1, count: 16)), at: 7) },
        Change("over 512 bytes") {
            $0.fields += [(0x81, [UInt8](repeating: 0, count: 255)), (0x82, [UInt8](repeating: 0, count: 255))]
        },
    ]

    @Test(arguments: changes)
    func aHeaderThatBreaksARuleIsMalformed(change: Change) throws {
        var parts = Parts(try Self.soundHeader())
        change.apply(&parts)
        #expect(code(of: { try SealedHeader(parsing: parts.bytes) }) == "malformed-header")
    }

    @Test(arguments: 0..<8)
    func aHeaderThatLacksAFieldIsMalformed(index: Int) throws {
        var parts = Parts(try Self.soundHeader())
        parts.fields.remove(at: index)
        #expect(code(of: { try SealedHeader(parsing: parts.bytes) }) == "malformed-header")
    }

    @Test(arguments: [0, 23, 24, 25, 26, 171, 173, 511, 512, 513, 65535])
    func aLengthThatIsNotTheFieldsIsMalformed(length: Int) throws {
        var header = try Self.soundHeader()
        #expect(Int(header[6]) << 8 | Int(header[7]) == 172)
        (header[6], header[7]) = (UInt8(length >> 8), UInt8(length & 0xFF))
        #expect(code(of: { try SealedHeader(parsing: header) }) == "malformed-header")
    }

    @Test func everyBitOfThePaddingMustBeZero() throws {
        let header = try Self.soundHeader()
        for bit in 172 * 8..<512 * 8 {
            var changed = header
            changed[bit / 8] |= 1 << UInt8(bit % 8)
            #expect(code(of: { try SealedHeader(parsing: changed) }) == "malformed-header")
        }
    }

    @Test(arguments: [0, 1, 24, 511])
    func fewerThan512BytesAreMalformed(count: Int) throws {
        let header = Array(try Self.soundHeader().prefix(count))
        #expect(code(of: { try SealedHeader(parsing: header) }) == "malformed-header")
    }

    /// Types from 80 up are for later writers: an older reader goes on, and yet nobody can add, change or remove one.
    @Test func aFieldFrom80UpIsIgnoredAndAuthenticated() throws {
        let dataKey = [UInt8](repeating: 0xDA, count: 32)
        let salt = [UInt8](repeating: 0x5A, count: 24)
        let nonce = [UInt8](repeating: 0x11, count: 24)
        let sealing = SealedBlobs(randomness: .fixed(dataKey: dataKey, wrapNonce: nonce, salt: salt))
        var sample = try SealedSample(bytes: 0, sealing: sealing)
        var parts = Parts(Array(sample.sealed.prefix(512)))
        parts.fields += [(0x81, [1, 2, 3]), (0xFF, [])]

        var changed = sample
        changed.sealed.replaceSubrange(0..<512, with: parts.bytes)
        #expect(code(of: changed.readAll().error) == "wrong-key-or-header")

        sample.sealed = parts.bytes + (try Self.emptyBody(dataKey: dataKey, salt: salt, header: parts.bytes))
        #expect(sample.readAll().error == nil)
        sample.sealed.replaceSubrange(0..<512, with: Parts(parts.bytes).dropping(type: 0x81))
        #expect(code(of: sample.readAll().error) == "wrong-key-or-header")
    }

    private static func emptyBody(dataKey: [UInt8], salt: [UInt8], header: [UInt8]) throws -> [UInt8] {
        let context = Array("sealed-blob/v1/body\0".utf8) + header
        var cipher = try Cobblestone256(sealingUnder: SecretBytes(copying: dataKey), salt: salt, context: context)
        var chunk = [UInt8](repeating: 0, count: SealedLayout.tagBytes)
        try chunk.withUnsafeMutableBufferPointer { output in
            try cipher.seal(chunk: 0, UnsafeBufferPointer(start: nil, count: 0), into: #require(output.baseAddress))
        }
        return salt + cipher.commitment + chunk
    }

    /// No mutation crashes the parser; what it accepts has one spelling, unless it carries fields that it ignores.
    @Test func mutatedHeadersAreRefusedOrCanonical() throws {
        var generator = SeededGenerator()
        let sound = try Self.soundHeader()
        var accepted = 0
        for round in 0..<100_000 {
            let header = Self.mutate(sound, using: &generator)
            guard let parsed = try? SealedHeader(parsing: header) else { continue }
            accepted += 1
            if Parts(header).fields.allSatisfy({ $0.type <= 0x80 }) {
                #expect(try parsed.encode() == header, "round \(round), \(generator)")
            }
        }
        // Mutations of values are accepted: a parser that refuses everything would pass otherwise.
        #expect(accepted > 1000, "\(generator)")
    }

    private static func mutate(_ sound: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var header = sound
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let position = Int.random(in: 0..<200, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: header[position] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: header[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: header[7] = UInt8.random(in: .min ... .max, using: &generator)
            case 3:
                header.insert(UInt8.random(in: .min ... .max, using: &generator), at: position)
                header.removeLast()
            default: header.replaceSubrange(position..<position + 8, with: sound[24..<32])
            }
        }
        return header
    }
}

extension HeaderTests.Parts {
    func dropping(type: UInt8) -> [UInt8] {
        var parts = self
        parts.fields.removeAll { $0.type == type }
        return parts.bytes
    }
}
