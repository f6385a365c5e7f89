import Glibc
import MediaTesting

/// What a service has: assets with a thumbnail and a preview each. Objects are numbered: an asset's thumbnail is
/// 2 × asset, its preview the one after it.
struct Catalog {
    /// How much of all views of a picture are of its thumbnail. Pages show grids of thumbnails, of which few are
    /// opened: 94.6 % of the photographs that Facebook served were its two small sizes (Beaver et al., "Finding a needle in
    /// Haystack", OSDI '10, the table of its traffic).
    static let thumbnailShare = 0.95

    /// Sizes are multiples of this: so the product can be given few arrays many times.
    static let sizeUnit = 256

    let assets: Int
    /// Of each object, in bytes.
    private(set) var sizes: [Int32] = []

    init(assets: Int, _ random: inout SeededGenerator) {
        self.assets = assets
        for _ in 0..<assets { self.addAsset(&random) }
    }

    /// A tenth of all bytes.
    var tenth: Int { self.sizes.reduce(0) { $0 + Int($1) } / 10 }

    static func thumbnail(of asset: Int) -> Int { asset * 2 }
    static func preview(of asset: Int) -> Int { asset * 2 + 1 }

    /// One of an asset's two, as views have it.
    static func view(of asset: Int, thumbnails: Double = thumbnailShare, _ random: inout SeededGenerator) -> Int {
        random.isTrue(withChance: thumbnails) ? self.thumbnail(of: asset) : self.preview(of: asset)
    }

    /// Adds an asset.
    ///
    /// Its sizes are distributed as those that the default presets made of the 19 photographs of ../shared/photos:
    /// thumbnails of 2.9 to 25 KB (geometric mean 10,856 bytes, standard deviation of the logarithms 0.51), previews of
    /// 23 to 327 KB (60,698 bytes, 0.68), the correlation of the logarithms 0.77.
    mutating func addAsset(_ random: inout SeededGenerator) {
        let own = random.normal()
        let common = 0.77 * own + (1 - 0.77 * 0.77).squareRoot() * random.normal()
        self.sizes += [10_856 * exp(0.51 * common), 60_698 * exp(0.68 * own)].map { bytes in
            let units = max(4, min(2048, Int(bytes) / Self.sizeUnit))
            return Int32(units * Self.sizeUnit)
        }
    }
}
