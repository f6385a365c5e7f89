package import MediaModel

/// Signs the paths of recipes without a name before a driver gets them: a cache that is told of URLs knows such a
/// picture by its signature. Signatures are nowhere kept, but the same key makes the same one again.
///
/// URLs that were signed with a key which is not known any more are not among them.
package struct SignedPathsDriver: PurgeDriver {
    private let driver: any PurgeDriver
    private let signer: RecipeSigner?

    package var recordsMax: Int { self.driver.recordsMax }

    /// - Parameter signer: nil: there are no such URLs.
    package init(_ driver: any PurgeDriver, signer: RecipeSigner?) {
        self.driver = driver
        self.signer = signer
    }

    package func send(_ records: [PurgeRecord]) async throws {
        try await self.driver.send(try records.map { try $0.signed(by: self.signer) })
    }
}
