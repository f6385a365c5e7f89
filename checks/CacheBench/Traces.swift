import MediaTesting

/// The traces that policies are compared on. Each has a seed of its own, and is the same on every machine.
struct Traces {
    /// So many that a tenth of their bytes is the default of `cache.bytes.max`, 256 MiB.
    let assets: Int
    /// Requests of a trace; publications come on top.
    let requests: Int

    /// One after the other, because each is large.
    var all: [() -> Trace] {
        [
            { self.views("views", thumbnails: Catalog.thumbnailShare, seed: 1) },
            { self.views("views-4-to-1", thumbnails: 0.8, seed: 2) },
            { self.renditions("renditions-1.0", exponent: 1.0, seed: 3) },
            { self.renditions("renditions-0.8", exponent: 0.8, seed: 4) },
            { self.crawled(seed: 5) },
            { self.pulled(seed: 6) },
            { self.published(seed: 7) },
        ]
    }

    /// Assets by Zipf's law with exponent 1; of each, its thumbnail and its preview as pages show them.
    private func views(_ name: String, thumbnails: Double, seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        let catalog = Catalog(assets: self.assets, &random)
        let popularity = Zipf(count: self.assets, exponent: 1)
        let bound = staticBound(catalog, budget: catalog.tenth) { object in
            popularity.share(of: object / 2) * (object.isMultiple(of: 2) ? thumbnails : 1 - thumbnails)
        }
        let events = (0..<self.requests).map { _ in
            Trace.Event.request(Catalog.view(of: popularity.draw(&random), thumbnails: thumbnails, &random))
        }
        return Trace(name: name, catalog: catalog, budget: catalog.tenth, bound: bound, events: events)
    }

    /// Renditions by Zipf's law, whatever their size: a preview is asked for as often as a thumbnail.
    private func renditions(_ name: String, exponent: Double, seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        let catalog = Catalog(assets: self.assets, &random)
        let popularity = Zipf(count: catalog.sizes.count, exponent: exponent)
        let objects = catalog.sizes.indices.shuffled(using: &random)
        var ranks = objects
        for (rank, object) in objects.enumerated() { ranks[object] = rank }
        let bound = staticBound(catalog, budget: catalog.tenth) { popularity.share(of: ranks[$0]) }
        let events = (0..<self.requests).map { _ in Trace.Event.request(objects[popularity.draw(&random)]) }
        return Trace(name: name, catalog: catalog, budget: catalog.tenth, bound: bound, events: events)
    }

    /// Views, and in a third of the time a crawler that takes the catalog in order, thumbnail and preview of each
    /// asset, twice as fast as all others together.
    private func crawled(seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        let catalog = Catalog(assets: self.assets, &random)
        let popularity = Zipf(count: self.assets, exponent: 1)
        let phase = self.requests / 60
        var next = 0
        let events = (0..<self.requests).map { index in
            if (index / phase) % 3 == 2, random.isTrue(withChance: 2.0 / 3) {
                next = (next + 1) % catalog.sizes.count
                return Trace.Event.request(next)
            }
            return .request(Catalog.view(of: popularity.draw(&random), &random))
        }
        return Trace(name: "crawled", catalog: catalog, budget: catalog.tenth, bound: nil, events: events)
    }

    /// What an origin sees behind a CDN. Views come to one of eight edges, each with an LRU cache of 2 % of the bytes,
    /// and three quarters of the requests are what those miss; 15 % are a crawler that no edge keeps anything for; 10 %
    /// are for objects that are asked for once and never again, as recipes without a name are, and formats of few
    /// clients.
    private func pulled(seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        var catalog = Catalog(assets: self.assets, &random)
        let budget = catalog.tenth
        let popularity = Zipf(count: self.assets, exponent: 1)
        let edges = (0..<8).map { _ in LRU(sizes: catalog.sizes, budget: budget / 5) }
        func missed() -> Int {
            while true {
                let object = Catalog.view(of: popularity.draw(&random), &random)
                let edge = edges[Int.random(in: edges.indices, using: &random)]
                if !edge.request(object) { return object }
            }
        }
        var crawler = 0
        let events = (0..<self.requests).map { _ in
            let kind = random.unit()
            if kind < 0.75 { return Trace.Event.request(missed()) }
            if kind < 0.9 {
                crawler = (crawler + 1) % (2 * self.assets)
                return .request(crawler)
            }
            catalog.addAsset(&random)
            return .request(Catalog.view(of: catalog.sizes.count / 2 - 1, &random))
        }
        return Trace(name: "pulled", catalog: catalog, budget: budget, bound: nil, events: events)
    }

    /// New assets are hot and cool down. Half of the catalog is there at the start, the other half is published while
    /// requests come. 60 % of these are for an asset by its age, the newest first, 40 % by a popularity that stays;
    /// both by Zipf's law with exponent 1.
    private func published(seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        let catalog = Catalog(assets: self.assets, &random)
        let old = self.assets / 2
        let recency = Zipf(count: old, exponent: 1)
        let popularity = (0..<old).shuffled(using: &random)
        var events: [Trace.Event] = []
        var live = old
        for index in 0..<self.requests {
            if live < old + (index + 1) * (self.assets - old) / self.requests {
                events += [.publication(Catalog.thumbnail(of: live)), .publication(Catalog.preview(of: live))]
                live += 1
            }
            let rank = recency.draw(&random)
            let asset = random.isTrue(withChance: 0.6) ? live - 1 - rank : popularity[rank]
            events.append(.request(Catalog.view(of: asset, &random)))
        }
        return Trace(name: "published", catalog: catalog, budget: catalog.tenth, bound: nil, events: events)
    }
}
