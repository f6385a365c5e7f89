/// A policy with books of objects by their numbers, and no bytes.
protocol SimulatedCache: AnyObject {
    /// Somebody asks for an object; whether it was there. If it was not, the policy may take it in.
    func request(_ object: Int) -> Bool
    /// Takes in an object that nobody has asked for yet, as far as the policy wants.
    func publish(_ object: Int)
}

/// What a cache made of a trace, its first third left out: by then the cache is full, and knows what is popular.
struct Outcome {
    var requests = 0
    var hits = 0
    var bytes = 0
    var hitBytes = 0
    /// First requests for what had been published, and how many of them were hits.
    var firstPulls = 0
    var firstPullHits = 0

    init(of trace: Trace, through cache: any SimulatedCache) {
        let warm = trace.events.count / 3
        var isAwaited = [Bool](repeating: false, count: trace.catalog.sizes.count)
        for (index, event) in trace.events.enumerated() {
            switch event {
            case .publication(let object):
                cache.publish(object)
                isAwaited[object] = true
            case .request(let object):
                let isHit = cache.request(object)
                let isFirstPull = isAwaited[object]
                isAwaited[object] = false
                guard index >= warm else { continue }
                let size = Int(trace.catalog.sizes[object])
                self.requests += 1
                self.bytes += size
                self.firstPulls += isFirstPull ? 1 : 0
                guard isHit else { continue }
                self.hits += 1
                self.hitBytes += size
                self.firstPullHits += isFirstPull ? 1 : 0
            }
        }
    }
}

/// The links of lists of objects; an object is in one list at most.
struct Links {
    fileprivate var older: [Int32]
    fileprivate var newer: [Int32]

    init(count: Int) {
        self.older = [Int32](repeating: -1, count: count)
        self.newer = self.older
    }

    func newer(than object: Int) -> Int? { self.newer[object] < 0 ? nil : Int(self.newer[object]) }
}

/// A list of objects in the order in which they came, through links that the lists of a cache share.
struct ObjectList {
    private(set) var oldest: Int?
    private var newest: Int?
    private(set) var bytes = 0

    mutating func append(_ object: Int, bytes: Int32, _ links: inout Links) {
        links.older[object] = Int32(self.newest ?? -1)
        links.newer[object] = -1
        if let newest = self.newest { links.newer[newest] = Int32(object) } else { self.oldest = object }
        self.newest = object
        self.bytes += Int(bytes)
    }

    mutating func remove(_ object: Int, bytes: Int32, _ links: inout Links) {
        let older = links.older[object]
        let newer = links.newer[object]
        if older >= 0 { links.newer[Int(older)] = newer } else { self.oldest = newer < 0 ? nil : Int(newer) }
        if newer >= 0 { links.older[Int(newer)] = older } else { self.newest = older < 0 ? nil : Int(older) }
        self.bytes -= Int(bytes)
    }
}
