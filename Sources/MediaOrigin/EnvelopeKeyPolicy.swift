import MediaModel

/// How long envelope keys are used and kept; from the settings.
package struct EnvelopeKeyPolicy: Sendable, Hashable {
    /// A tenant's new blobs are wrapped under one key for this long; then it gets another.
    package var epoch: Duration
    /// … or for so many blobs of this process, whichever comes first.
    package var epochBlobsMax: Int
    /// A key in memory that was opened longer ago is opened again, in the background: so a key that the provider would
    /// not open any more is noticed.
    package var softAge: Duration
    /// A key in memory that the provider has not opened for so long is dropped.
    package var hardAge: Duration

    /// - Parameters:
    ///   - epoch: above 0, at most ``ageMax``.
    ///   - epochBlobsMax: 1 or more, below ``blobsMax``.
    ///   - softAge: above 0, at most `hardAge`.
    package init(
        epoch: Duration = .seconds(24 * 3600),
        epochBlobsMax: Int = 1 << 20,
        softAge: Duration = .seconds(3600),
        hardAge: Duration = .seconds(24 * 3600)
    ) {
        precondition(epoch > .zero && epoch <= Self.ageMax && (1..<Self.blobsMax).contains(epochBlobsMax))
        precondition(softAge > .zero && softAge <= hardAge)
        self.epoch = epoch
        self.epochBlobsMax = epochBlobsMax
        self.softAge = softAge
        self.hardAge = hardAge
    }

    // While the provider is away an epoch lasts longer, but not for ever (BLOB-FORMAT §2.3).

    /// A key of this age wraps nothing new.
    package static let ageMax = Duration.seconds(90 * 24 * 3600)
    /// A key that wrapped so many data keys wraps no more.
    package static let blobsMax = 1 << 32

    /// Keys in memory at the most; beyond, the one that was not used for the longest time goes.
    package static let cachedMax = 1024
    /// How long a retired key still opens blobs for reads that began before.
    static let retiredGrace = Duration.seconds(60)
    /// How often the upkeep looks whether there is something to do. It asks the provider only when there is.
    static let upkeepInterval = Duration.seconds(1)
}

/// How a tenant's current key stands with its epoch.
enum EpochStanding: Hashable {
    /// It goes on.
    case current
    /// There should be a new one, but this one may still be used.
    case due
    /// It must not be used for new blobs.
    case over
}

extension EnvelopeKeyPolicy {
    /// - Parameters:
    ///   - age: since the key was made; below 0 where the calendar was set back meanwhile.
    ///   - blobs: data keys that this process wrapped under it.
    func standing(age: Duration, blobs: Int) -> EpochStanding {
        if age >= Self.ageMax || blobs >= Self.blobsMax { return .over }
        return age >= self.epoch || blobs >= self.epochBlobsMax ? .due : .current
    }
}
