import FoundationEssentials
import MediaModel

/// The form of `envelope-keys.json`.
///
/// ```
/// {"format":1,"keys":[{"createdAt":1795244400123,"id":"ek-01…","rootKey":"k1","tenant":"default","wrapped":"…"}]}
/// ```
///
/// `createdAt` is in milliseconds since 1970, `wrapped` in base64. A former key, which is a line of the key ring
/// itself, has neither `rootKey` nor `wrapped`. Whatever else is there, or is not, makes the file bad: it may be of a
/// newer program, and would be overwritten by this one.
enum EnvelopeKeyDocument {
    static let format = 1

    /// What is wrong with a file.
    struct Flaw: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    static func encode(_ records: [EnvelopeKeyRecord]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let file = FileForm(format: Self.format, keys: records.map(KeyForm.init))
        return Array(try encoder.encode(file)) + [UInt8(ascii: "\n")]
    }

    /// Throws ``Flaw``.
    static func decode(_ bytes: [UInt8]) throws -> [EnvelopeKeyRecord] {
        let file: FileForm
        do {
            file = try JSONDecoder().decode(FileForm.self, from: Data(bytes))
        } catch let error as Flaw {
            throw error
        } catch {
            throw Flaw("it is not of the form that this program writes (\(error))")
        }
        let records = try file.keys.map { try $0.record() }
        guard Set(records.map(\.id)).count == records.count else { throw Flaw("it has a key twice") }
        return records
    }
}

private struct FileForm: Codable {
    let format: Int
    let keys: [KeyForm]

    init(format: Int, keys: [KeyForm]) {
        self.format = format
        self.keys = keys
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // Asked first: what else a newer form has is not ours to judge.
        self.format = try container.decode(Int.self, forKey: .format)
        guard self.format == EnvelopeKeyDocument.format else {
            throw EnvelopeKeyDocument.Flaw(
                "it is of format \(self.format); this program knows \(EnvelopeKeyDocument.format)"
            )
        }
        try decoder.refuseFields(other: ["format", "keys"])
        self.keys = try container.decode([KeyForm].self, forKey: .keys)
    }
}

private struct KeyForm: Codable {
    let id: String
    let tenant: String
    let createdAt: Int64
    let rootKey: String?
    let wrapped: String?

    init(_ record: EnvelopeKeyRecord) {
        self.id = record.id.description
        self.tenant = record.tenant.description
        self.createdAt = Int64((record.createdAt.timeIntervalSince1970 * 1000).rounded())
        self.rootKey = record.wrapped?.rootKey.description
        self.wrapped = record.wrapped.map { Data($0.bytes).base64EncodedString() }
    }

    init(from decoder: any Decoder) throws {
        try decoder.refuseFields(other: ["id", "tenant", "createdAt", "rootKey", "wrapped"])
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.id = try container.decode(String.self, forKey: .id)
        self.tenant = try container.decode(String.self, forKey: .tenant)
        self.createdAt = try container.decode(Int64.self, forKey: .createdAt)
        self.rootKey = try container.decodeIfPresent(String.self, forKey: .rootKey)
        self.wrapped = try container.decodeIfPresent(String.self, forKey: .wrapped)
    }

    /// The limits are those of the types' own documentation.
    func record() throws -> EnvelopeKeyRecord {
        guard let id = EnvelopeKeyID(self.id) else {
            throw EnvelopeKeyDocument.Flaw("it has a key whose id is no name")
        }
        guard (1...64).contains(self.tenant.utf8.count) else { throw self.flaw("its tenant") }
        // 0001 to 9999: beyond, a date is no date.
        guard (-62_135_596_800_000...253_402_300_799_999).contains(self.createdAt) else { throw self.flaw("its date") }
        return EnvelopeKeyRecord(
            id: id,
            tenant: Tenant(name: self.tenant),
            createdAt: Date(timeIntervalSince1970: Double(self.createdAt) / 1000),
            wrapped: try self.wrappedKey()
        )
    }

    private func wrappedKey() throws -> WrappedEnvelopeKey? {
        if self.rootKey == nil, self.wrapped == nil { return nil }
        guard let rootKey = self.rootKey.flatMap({ RootKeyID($0) }) else { throw self.flaw("its root key") }
        guard let bytes = self.wrapped.flatMap({ Data(base64Encoded: $0) }),
            (1...WrappedEnvelopeKey.bytesMax).contains(bytes.count), bytes.base64EncodedString() == self.wrapped
        else { throw self.flaw("its wrapped bytes") }
        return WrappedEnvelopeKey(rootKey: rootKey, bytes: Array(bytes))
    }

    private func flaw(_ part: String) -> EnvelopeKeyDocument.Flaw {
        EnvelopeKeyDocument.Flaw("\(part) of key '\(self.id)' is not what it should be")
    }
}

/// Any name of a field.
private struct FieldName: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    fileprivate func refuseFields(other known: Set<String>) throws {
        let fields = try self.container(keyedBy: FieldName.self).allKeys.map(\.stringValue)
        guard let unknown = fields.first(where: { !known.contains($0) }) else { return }
        throw EnvelopeKeyDocument.Flaw("it has a field '\(unknown.prefix(40))' that this program does not know")
    }
}
