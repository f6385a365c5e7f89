import MediaModel

/// Which render job is refused, which waits, and which runs next. A value without a clock, a lock or a task: it is told
/// what happens and at which moment, and says who is admitted by it. `WorkerGate` is its shell.
///
/// The rules:
/// 1. As many jobs run as there are workers, and only such that their memory together is within the budget. One that
///    is larger than the budget runs alone.
/// 2. A job's *turn* is the moment of its coming plus its priority's handicap; the earliest turn goes first. So a
///    reader overtakes uploads, and an upload background work, but only those who came less than a handicap before:
///    what has waited longer than that is overtaken by nobody, whatever comes.
/// 3. The first in line is not passed by one that would fit in its stead, or small jobs could keep a large one waiting
///    for ever.
/// 4. What would wait longer than it may is refused when it comes, not when it has waited.
/// 5. Each priority has its share of the places to wait in. Where all are taken, background work gives way that would
///    be overtaken anyway.
struct AdmissionQueue {
    /// Since any moment that stays the same.
    typealias Moment = Duration

    /// What the queue goes by.
    struct Bounds {
        /// Jobs that run at once; at least 1.
        var workers: Int
        /// Jobs that wait.
        var queueMax: Int
        /// Of all running jobs together, as estimated.
        var memoryBytesMax: Int
        /// How long background work can be overtaken by all others; an upload by readers for an eighth of it.
        var handicapMax: Duration

        func handicap(_ priority: RenderPriority) -> Duration {
            switch priority {
            case .reader: .zero
            case .upload: self.handicapMax / 8
            case .background: self.handicapMax
            }
        }

        /// Readers whose rendition is missing may go first, but not have all the places: it is uploads that nobody can
        /// do without, and a CDN asks again (RELIABILITY §1.12).
        func placesMax(_ priority: RenderPriority) -> Int {
            switch priority {
            case .reader: (self.queueMax + 1) / 2
            case .upload: (self.queueMax * 3 + 3) / 4
            case .background: (self.queueMax + 3) / 4
            }
        }
    }

    /// A job that asks to be admitted.
    struct Request {
        var priority: RenderPriority
        var cost: RenderCost
        /// How long it may wait.
        var waitMax: Duration
    }

    /// Why a job is not run.
    enum Refusal: String, Error, Hashable {
        /// As many of its priority, or in all, wait as may.
        case full
        /// It would wait longer than it may.
        case late
        /// It has waited longer than it may.
        case overdue
        /// Something more urgent needed its place.
        case displaced
        /// There will be no more admissions.
        case closed

        /// The label of the counter of refusals.
        var name: String { self.rawValue }
    }

    /// What became of a request that was not refused.
    struct Answer: Hashable {
        /// What the job is called from now on.
        let id: Int
        let isAdmitted: Bool
        /// A waiting job that has just been refused with `.displaced`.
        let displaced: Int?
    }

    private struct Waiting {
        let id: Int
        let request: Request
        let turn: Moment
    }

    private struct Running {
        let cost: RenderCost
        let since: Moment
    }

    let bounds: Bounds
    private(set) var isClosed = false
    private(set) var pace = RenderPace()
    /// Estimated, of the jobs that run.
    private(set) var memoryBytes = 0
    private var running: [Int: Running] = [:]
    /// By turn, then in the order of coming.
    private var waiting: [Waiting] = []
    private var lastID = 0

    init(_ bounds: Bounds) {
        precondition(bounds.workers >= 1 && bounds.queueMax >= 0 && bounds.memoryBytesMax >= 0)
        self.bounds = bounds
    }

    var runningCount: Int { self.running.count }
    var waitingCount: Int { self.waiting.count }

    func waitingCount(of priority: RenderPriority) -> Int {
        self.waiting.count { $0.request.priority == priority }
    }

    /// A job comes.
    mutating func ask(_ request: Request, at now: Moment) throws(Refusal) -> Answer {
        if self.isClosed { throw .closed }
        let turn = now + self.bounds.handicap(request.priority)
        let place = self.place(of: turn)
        self.lastID += 1
        if place == 0, self.hasRoom(for: request.cost) {
            self.admit(self.lastID, request.cost, at: now)
            return Answer(id: self.lastID, isAdmitted: true, displaced: nil)
        }
        guard self.wait(before: place, at: now) <= request.waitMax else { throw .late }
        let displaced = try self.makePlace(for: request.priority, turn)
        // The one that gave way may have stood before this one.
        self.waiting.insert(Waiting(id: self.lastID, request: request, turn: turn), at: self.place(of: turn))
        return Answer(id: self.lastID, isAdmitted: false, displaced: displaced)
    }

    /// A job that runs has ended.
    ///
    /// - Parameter isMeasure: whether it did all that its estimate was for.
    /// - Returns: who runs now that waited.
    mutating func end(_ id: Int, isMeasure: Bool, at now: Moment) -> [Int] {
        guard let job = self.running.removeValue(forKey: id) else { preconditionFailure("job \(id) does not run") }
        self.memoryBytes -= job.cost.memoryBytes
        if isMeasure { self.pace.learn(estimated: job.cost.cpu, taken: now - job.since) }
        return self.admitWaiting(at: now)
    }

    /// A job that waits gives up.
    ///
    /// - Returns: who runs now that stood behind it; nil where it does not wait any more.
    mutating func giveUp(_ id: Int, at now: Moment) -> [Int]? {
        guard let index = self.waiting.firstIndex(where: { $0.id == id }) else { return nil }
        self.waiting.remove(at: index)
        return self.admitWaiting(at: now)
    }

    /// Refuses all who come from now on.
    ///
    /// - Returns: who waited, and does so in vain.
    mutating func close() -> [Int] {
        self.isClosed = true
        defer { self.waiting = [] }
        return self.waiting.map(\.id)
    }

    /// How long a job that came now would wait, by the estimates of what runs and of what would go before it; `nil`
    /// where there is no place for it.
    ///
    /// - Parameter sparing: whether a quarter of its places is to stay free.
    func expectedWait(for priority: RenderPriority, at now: Moment, sparing: Bool = false) -> Duration? {
        let turn = now + self.bounds.handicap(priority)
        let place = self.place(of: turn)
        // A place is of use to whoever has to wait.
        if place == 0, self.running.count < self.bounds.workers { return .zero }
        let places = self.bounds.placesMax(priority)
        guard self.waitingCount(of: priority) < (sparing ? (places * 3 + 3) / 4 : places) else { return nil }
        guard self.waiting.count < self.bounds.queueMax || self.givesWay(to: turn) != nil else { return nil }
        return self.wait(before: place, at: now)
    }

    private func place(of turn: Moment) -> Int { self.waiting.firstIndex { $0.turn > turn } ?? self.waiting.count }

    private func hasRoom(for cost: RenderCost) -> Bool {
        if self.running.isEmpty { return true }
        return self.running.count < self.bounds.workers
            && cost.memoryBytes <= self.bounds.memoryBytesMax - self.memoryBytes
    }

    /// All that is left to do before that place, shared by all workers. A job that takes longer than was thought is
    /// taken to be at its end.
    private func wait(before place: Int, at now: Moment) -> Duration {
        let left = self.running.values.reduce(Duration.zero) { sum, job in
            sum + max(.zero, self.pace.time(of: job.cost) - (now - job.since))
        }
        let queued = self.waiting[..<place].reduce(Duration.zero) { $0 + self.pace.time(of: $1.request.cost) }
        return (left + queued) / self.bounds.workers
    }

    /// - Returns: who gave way.
    private mutating func makePlace(for priority: RenderPriority, _ turn: Moment) throws(Refusal) -> Int? {
        guard self.waitingCount(of: priority) < self.bounds.placesMax(priority) else { throw .full }
        if self.waiting.count < self.bounds.queueMax { return nil }
        guard let index = self.givesWay(to: turn) else { throw .full }
        return self.waiting.remove(at: index).id
    }

    /// The background job that came last; none where even that one has waited so long that nobody overtakes it.
    private func givesWay(to turn: Moment) -> Int? {
        guard let index = self.waiting.lastIndex(where: { $0.request.priority == .background }),
            self.waiting[index].turn > turn
        else { return nil }
        return index
    }

    private mutating func admitWaiting(at now: Moment) -> [Int] {
        var admitted: [Int] = []
        while let first = self.waiting.first, self.hasRoom(for: first.request.cost) {
            self.waiting.removeFirst()
            self.admit(first.id, first.request.cost, at: now)
            admitted.append(first.id)
        }
        return admitted
    }

    private mutating func admit(_ id: Int, _ cost: RenderCost, at now: Moment) {
        self.running[id] = Running(cost: cost, since: now)
        self.memoryBytes += cost.memoryBytes
    }
}

/// How fast this machine is, against what the estimates of jobs assume: learnt from jobs as they are done, the more
/// from the larger ones, and forgotten as others come.
struct RenderPace {
    /// What is left of an earlier job's weight after each further one.
    private static let memory = 0.95
    /// Estimates that are off by more than this are the pictures' doing, not the machine's.
    private static let factors = 0.25...8.0

    /// In seconds. As if one job of a second had been done at the speed that is assumed.
    private var estimated = 1.0
    private var taken = 1.0

    /// 2: jobs take twice as long as was thought.
    var factor: Double { min(max(self.taken / self.estimated, Self.factors.lowerBound), Self.factors.upperBound) }

    /// How long a job of that cost is likely to take here.
    func time(of cost: RenderCost) -> Duration { cost.cpu * self.factor }

    mutating func learn(estimated: Duration, taken: Duration) {
        let sample = (estimated / .seconds(1), taken / .seconds(1))
        self.estimated = self.estimated * Self.memory + sample.0
        // One that hung says no more than one that was eight times too slow.
        self.taken = self.taken * Self.memory + min(sample.1, sample.0 * Self.factors.upperBound)
    }
}
