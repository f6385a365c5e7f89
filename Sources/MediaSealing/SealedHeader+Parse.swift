package import MediaModel

extension SealedHeader {
    /// Reads a header strictly: there is one spelling of every header, and anything else is refused, so that no two
    /// readers can see two things in the same bytes.
    ///
    /// - Parameter bytes: at least 512; only the first 512 are read.
    /// - Throws: `.malformedHeader`, with the rule that was broken.
    package init(parsing bytes: [UInt8]) throws(SealError) {
        guard bytes.count >= Self.byteCount else { throw Self.malformed("\(bytes.count) bytes") }
        guard bytes.starts(with: Self.magic) else { throw Self.malformed("no magic") }
        guard bytes[4] == Self.formatVersion, bytes[5] == Self.suite else {
            throw Self.malformed("version \(bytes[4]), suite \(bytes[5])")
        }
        let used = Int(bytes[6]) << 8 | Int(bytes[7])
        guard (Self.fixedBytes...Self.byteCount).contains(used) else { throw Self.malformed("length \(used)") }
        guard bytes[used..<Self.byteCount].allSatisfy({ $0 == 0 }) else { throw Self.malformed("padding") }
        self.init(
            blob: BlobID(bytes: Array(bytes[8..<Self.fixedBytes])),
            values: try Self.parseFields(bytes[Self.fixedBytes..<used])
        )
    }

    private static func parseFields(_ bytes: ArraySlice<UInt8>) throws(SealError) -> [HeaderField: [UInt8]] {
        var values: [HeaderField: [UInt8]] = [:]
        var rest = bytes
        var typeBefore: UInt8 = 0
        while let type = rest.popFirst() {
            guard let count = rest.popFirst(), rest.count >= count else { throw Self.malformed("a field overruns") }
            // Ascending also means: each once. Two tenants would let two readers pick a different one each.
            guard type > typeBefore else { throw Self.malformed("field \(type) after \(typeBefore)") }
            if let field = HeaderField(rawValue: type) {
                values[field] = Array(rest.prefix(Int(count)))
            } else if type < HeaderField.ignorableTypeMin {
                throw Self.malformed("unknown field \(type)")
            }
            rest.removeFirst(Int(count))
            typeBefore = type
        }
        try Self.check(values)
        return values
    }

    private static func check(_ values: [HeaderField: [UInt8]]) throws(SealError) {
        for field in HeaderField.allCases {
            guard let value = values[field] else {
                if field.isMandatory { throw Self.malformed("\(field) is missing") }
                continue
            }
            if let fixed = field.fixedBytes, value.count != fixed {
                throw Self.malformed("\(field) has \(value.count) bytes")
            }
        }
        // The id goes into log lines; the grammar keeps rubbish from the disk out of them.
        guard let id = values[.envelopeKey], Self.envelopeKey(id) != nil else {
            throw Self.malformed("envelopeKey is no key id")
        }
    }

    static func malformed(_ rule: String) -> SealError {
        SealError(.malformedHeader, detail: "header: \(rule)")
    }
}
