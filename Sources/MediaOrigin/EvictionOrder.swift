/// Which entry of a cache leaves next: GreedyDual* (Jin & Bestavros, WCW '00), a successor of GreedyDual-Size with
/// Frequency (Cherkasova, HPL-98-69), in queues as in CAMP (Ghandeharizadeh et al., Middleware '14), and promoting
/// lazily, as SIEVE does (Zhang et al., NSDI '24). docs/decisions/0022 has what it was measured against.
///
/// An entry is *worth* (uses / bytes)²; its priority is that and the priority of who left last before it was put in. So
/// what is asked for rarely for its size leaves first, and everything ages, because what comes later starts higher. The
/// square, because an entry may wait for its next use in proportion to its worth, and it comes the sooner the more uses
/// there are: by uses per byte alone, of two entries that deserve the same the larger would stay.
///
/// A use only sets the flag of the entry's seat. It is looked at when the entry's turn to leave has come, which is then
/// put in again, with a use more. Entries of about the same worth share a queue, where they stand in the order of their
/// priorities: who leaves next is the first of one of a hundred queues.
///
/// Entries are known by their places, small numbers that the caller gives and may use again.
struct EvictionOrder: Sendable {
    /// What is more than this does not count, or what once was asked for very often would never leave.
    static let usesMax = 16

    private struct Node {
        let seat: RenditionSeat
        var bytes: Int
        var uses: Int
        var queue = 0
        var priority = 0.0
        var older: Int?
        var newer: Int?
    }

    private struct Queue {
        var oldest: Int?
        var newest: Int?
        /// That of the oldest.
        var priority = Double.infinity
    }

    private var nodes: [Node] = []
    private var queues = [Queue](repeating: Queue(), count: UsesPerByte.stepCount)
    /// The priority of who left last. It only grows, by an entry's worth while all entries are replaced once: where
    /// that has happened 2³⁰ times it is about ten for thumbnails, and a `Double` of that size can still tell apart a
    /// hundred-thousandth of what a preview is worth.
    private var inflation = 0.0

    /// Puts in an entry, at a place that nobody has.
    ///
    /// - Parameter uses: in 1 ... ``usesMax``; as if it had been asked for so often.
    mutating func add(_ place: Int, _ seat: RenditionSeat, bytes: Int, uses: Int) {
        let node = Node(seat: seat, bytes: bytes, uses: uses)
        if place == self.nodes.count { self.nodes.append(node) } else { self.nodes[place] = node }
        self.append(place)
    }

    mutating func remove(_ place: Int) { self.unlink(place) }

    /// The entry takes so many bytes from now on.
    mutating func resize(_ place: Int, to bytes: Int) {
        self.unlink(place)
        self.nodes[place].bytes = bytes
        self.append(place)
    }

    /// Removes who is to leave; nil where there is nobody.
    mutating func removeNext() -> Int? {
        while let place = self.next() {
            self.inflation = self.nodes[place].priority
            self.unlink(place)
            guard self.nodes[place].seat.takeVisit() else { return place }
            self.nodes[place].uses = min(self.nodes[place].uses + 1, Self.usesMax)
            self.append(place)
        }
        return nil
    }

    private func next() -> Int? {
        var lowest = Queue()
        // Of two with the same priority the one that is worth more has waited longer: it stands in the later queue.
        for queue in self.queues where queue.priority <= lowest.priority { lowest = queue }
        return lowest.oldest
    }

    private mutating func append(_ place: Int) {
        let worth = UsesPerByte(uses: self.nodes[place].uses, bytes: self.nodes[place].bytes)
        let queue = worth.step
        let newest = self.queues[queue].newest
        self.nodes[place].queue = queue
        self.nodes[place].priority = self.inflation + worth.squared
        self.nodes[place].older = newest
        self.nodes[place].newer = nil
        if let newest { self.nodes[newest].newer = place } else { self.lead(queue, with: place) }
        self.queues[queue].newest = place
    }

    private mutating func unlink(_ place: Int) {
        let node = self.nodes[place]
        if let newer = node.newer {
            self.nodes[newer].older = node.older
        } else {
            self.queues[node.queue].newest = node.older
        }
        if let older = node.older {
            self.nodes[older].newer = node.newer
        } else {
            self.lead(node.queue, with: node.newer)
        }
    }

    private mutating func lead(_ queue: Int, with place: Int?) {
        self.queues[queue].oldest = place
        self.queues[queue].priority = place.map { self.nodes[$0].priority } ?? .infinity
    }
}

/// Uses per byte, rounded down to 1 or 1.5 times a power of two: what has the same shares a queue.
private struct UsesPerByte {
    /// Steps between nothing and the most that there is, all uses in a single byte; what is under 2⁻⁴⁵ is the first.
    static let stepCount = 100

    /// In 0 ..< ``stepCount``.
    let step: Int
    let squared: Double

    init(uses: Int, bytes: Int) {
        // The exponent of a floating-point number and the first bit of its fraction, read as one number, count them.
        let fractionBits = UInt64(Double.significandBitCount - 1)
        let most = Double(EvictionOrder.usesMax).bitPattern >> fractionBits
        let value = (Double(uses) / Double(max(bytes, 1))).bitPattern >> fractionBits
        let below = min(Int(most - value), Self.stepCount - 1)
        self.step = Self.stepCount - 1 - below
        let rounded = Double(bitPattern: (most - UInt64(below)) << fractionBits)
        self.squared = rounded * rounded
    }
}
