import FoundationEssentials
import MediaModel

extension SealedHeader {
    /// Whose the blob is, read from the fields alone: for whoever has no row that says so.
    ///
    /// Stricter than an opener, which compares the fields with a row's and need not understand them. What is returned
    /// goes into rows, paths of answers and log lines, so texts are UTF-8, not empty and without control characters.
    ///
    /// - Throws: `.malformedHeader`, with the field.
    func identity() throws(SealError) -> BlobIdentity {
        let tenant = try self.text(.tenant)
        guard tenant.utf8.count <= Self.tenantBytesMax else { throw Self.malformed("tenant is too long") }
        let version = VersionRef(asset: AssetID(bytes: self[.asset]), number: try self.versionNumber())
        return BlobIdentity(
            tenant: Tenant(name: tenant),
            version: version,
            variant: try self.text(.variant),
            mediaType: try self.text(.mediaType),
            createdAt: try self.createdAt()
        )
    }

    /// The blob of the picture that this rendition was made of, where the header says so.
    var source: BlobID? { self.values[.source].map(BlobID.init(bytes:)) }

    /// `Tenant.description`.
    private static let tenantBytesMax = 64

    private func text(_ field: HeaderField) throws(SealError) -> String {
        let bytes = self[field]
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.isEmpty,
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw Self.malformed("\(field) is no plain text") }
        return text
    }

    private func versionNumber() throws(SealError) -> VersionNumber {
        let number = Self.integer(self[.version])
        guard (UInt64(VersionNumber.first.value)...UInt64(VersionNumber.max.value)).contains(number) else {
            throw Self.malformed("version is \(number)")
        }
        return VersionNumber(Int(number))
    }

    private func createdAt() throws(SealError) -> Date {
        let milliseconds = Self.integer(self[.created])
        // What the writer never goes beyond, so that a double has every millisecond.
        guard milliseconds <= 1 << 53 else { throw Self.malformed("created is \(milliseconds)") }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// - Parameter bytes: eight, most significant first.
    private static func integer(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
