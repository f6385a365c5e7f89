import MediaModel
import MediaOrigin
import Testing

@Suite struct QualifiedCodeTests {
    private struct Foreign: Error {}

    @Test func anErrorSaysWhereItIsFrom() {
        let table: [(any Error, String?)] = [
            (OriginError(.gone, detail: ""), "origin.gone"), (RenderError(.busy, detail: ""), "render.busy"),
            (CatalogError(.keyInUse, detail: ""), "catalog.envelope-key-in-use"),
            (BlobStoreError(.full, detail: ""), "store.full"),
            (KeyError(.denied, detail: ""), "keys.key-access-denied"),
            (SealError(.corrupt, detail: ""), "sealing.corrupt"), (Foreign(), nil), (CancellationError(), nil),
        ]
        for (error, code) in table { #expect(error.qualifiedCode == code) }
    }
}
