/// What comes to the cache, in order.
struct Trace {
    enum Event {
        /// Somebody asks for an object.
        case request(Int)
        /// An object was made, and is put in before anybody asks for it.
        case publication(Int)
    }

    let name: String
    let catalog: Catalog
    /// The cache's budget: a tenth of all bytes that are in the catalog for good.
    let budget: Int
    /// The hit ratio of the best choice of objects that never changes; nil where popularity is not constant.
    var bound: Double?
    let events: [Event]
}

/// The most that a cache can have which holds the same objects all the time: those with the most requests per byte.
func staticBound(_ catalog: Catalog, budget: Int, share: (_ object: Int) -> Double) -> Double {
    let shares = catalog.sizes.indices.map(share)
    let order = shares.indices.sorted {
        shares[$0] * Double(catalog.sizes[$1]) > shares[$1] * Double(catalog.sizes[$0])
    }
    var room = budget
    var sum = 0.0
    for object in order {
        room -= Int(catalog.sizes[object])
        guard room >= 0 else { break }
        sum += shares[object]
    }
    return sum
}
