import MediaModel

/// How long a job may wait and run: one deadline for both, set when the job is asked for, where somebody waits for it.
///
/// At most half of it goes by waiting, so a job that is admitted has as much left at least. A reader waits half as long
/// as an upload: readers go first, and were they let in for as long, a flood of them would leave uploads no time that
/// they may wait. Background work is in no hurry: it waits longer, and then has the whole deadline to itself.
struct JobTime {
    /// How many deadlines background work may wait.
    static let backgroundPatience = 6
    /// A picture that had this share of the deadline to itself has no excuse.
    private static let fairShare = 0.9

    private let askedAt = ContinuousClock.now
    private let deadline: Duration
    private let isBackground: Bool
    /// How long the job may wait to be admitted.
    let waitMax: Duration

    /// - Parameter deadline: for a job that need not wait.
    init(_ priority: RenderPriority, _ cost: RenderCost, deadline: Duration) {
        self.deadline = deadline
        self.isBackground = priority == .background
        // Not so long that too little is left to run; but estimates err, so a tenth in any case.
        let spare = self.isBackground ? Duration.seconds(Int64.max / 4) : max(deadline - cost.cpu, deadline / 10)
        self.waitMax = min(Self.waitMax(priority, deadline: deadline), spare)
    }

    /// How long a job of that priority may wait that takes no time itself.
    static func waitMax(_ priority: RenderPriority, deadline: Duration) -> Duration {
        switch priority {
        case .reader: deadline / 4
        case .upload: deadline / 2
        case .background: deadline * Self.backgroundPatience
        }
    }

    func admitted(at moment: ContinuousClock.Instant) -> Turn {
        Turn(
            waited: self.askedAt.duration(to: moment),
            deadline: (self.isBackground ? moment : self.askedAt) + self.deadline,
            fairTime: self.deadline * Self.fairShare
        )
    }

    /// The part of a job's time that it has a worker for.
    struct Turn {
        let waited: Duration
        let deadline: ContinuousClock.Instant
        private let fairTime: Duration
        private let since = ContinuousClock.now

        init(waited: Duration, deadline: ContinuousClock.Instant, fairTime: Duration) {
            self.waited = waited
            self.deadline = deadline
            self.fairTime = fairTime
        }

        /// What a worker is told that it may take: whole milliseconds, rounded up, at least one.
        func millisecondsLeft(at moment: ContinuousClock.Instant) -> Int {
            let milliseconds = (moment.duration(to: self.deadline) / .milliseconds(1)).rounded(.up)
            return Int(min(max(1, milliseconds), Double(WireProtocol.timeMillisecondsMax)))
        }

        /// What the caller is told. A picture that took too long with less time than others have is not to blame for
        /// it: it is we who are short.
        func blame(_ error: RenderError) -> RenderError {
            guard error.code == .deadline, self.since.duration(to: self.deadline) < self.fairTime else { return error }
            return RenderError(.busy, detail: "too little time was left after waiting: \(error.detail)")
        }
    }
}
