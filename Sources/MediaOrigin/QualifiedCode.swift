import MediaModel

extension Error {
    /// Where the error comes from and what it is, for programs: `{module}.{code}`, as in `catalog.envelope-key-in-use`.
    /// Nil where it is of no port and no use case.
    package var qualifiedCode: String? {
        switch self {
        case let error as OriginError: "origin.\(error.code)"
        case let error as RenderError: "render.\(error.code)"
        case let error as CatalogError: "catalog.\(error.code)"
        case let error as BlobStoreError: "store.\(error.code)"
        case let error as KeyError: "keys.\(error.code)"
        case let error as SealError: "sealing.\(error.code)"
        default: nil
        }
    }
}
