import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// Random histories, and what must hold at every moment of each of them.
@Suite struct AdmissionModelTests {
    private struct Known {
        let request: AdmissionQueue.Request
        let askedAt: Duration
    }

    private struct History {
        var random: SeededGenerator
        var queue: AdmissionQueue
        var now = Duration.zero
        var running: [Int: Known] = [:]
        var waiting: [Int: Known] = [:]
        /// Who came, by what was decided.
        var admitted = 0
        var refused: [AdmissionQueue.Refusal: Int] = [:]

        mutating func step() throws {
            self.now += .milliseconds(Int.random(in: 0...400, using: &self.random))
            switch Int.random(in: 0..<10, using: &self.random) {
            case 0..<6: try self.come()
            case 6..<9: try self.endOne()
            default: try self.leave()
            }
            try self.check()
        }

        private mutating func come() throws {
            let priority = try #require(RenderPriority.allCases.randomElement(using: &self.random))
            let cost = RenderCost(
                memoryBytes: Int.random(in: 0...150, using: &self.random),
                cpu: .milliseconds(Int.random(in: 1...2000, using: &self.random))
            )
            let waitMax = Duration.seconds(Int.random(in: 0...60, using: &self.random))
            let request = AdmissionQueue.Request(priority: priority, cost: cost, waitMax: waitMax)
            let known = Known(request: request, askedAt: self.now)
            do throws(AdmissionQueue.Refusal) {
                let answer = try self.queue.ask(request, at: self.now)
                if let displaced = answer.displaced {
                    let left = self.waiting.removeValue(forKey: displaced)
                    #expect(left?.request.priority == .background)
                    self.refused[.displaced, default: 0] += 1
                }
                if answer.isAdmitted { self.running[answer.id] = known } else { self.waiting[answer.id] = known }
            } catch {
                self.refused[error, default: 0] += 1
            }
        }

        private mutating func endOne() throws {
            guard let id = self.running.keys.sorted().randomElement(using: &self.random) else { return }
            self.running[id] = nil
            let isMeasure = Bool.random(using: &self.random)
            let next = self.queue.end(id, isMeasure: isMeasure, at: self.now)
            try self.admit(next)
        }

        private mutating func leave() throws {
            guard let id = self.waiting.keys.sorted().randomElement(using: &self.random) else { return }
            self.waiting[id] = nil
            let next = self.queue.giveUp(id, at: self.now)
            try self.admit(try #require(next))
        }

        private mutating func admit(_ ids: [Int]) throws {
            for id in ids {
                let left = self.waiting.removeValue(forKey: id)
                let job = try #require(left, "\(id) did not wait")
                let turn = self.turn(id, job)
                #expect(self.waiting.allSatisfy { self.turn($0.key, $0.value) > turn }, "\(id) was not the first")
                self.running[id] = job
                self.admitted += 1
            }
        }

        /// The earliest goes first; equal ones as they came.
        private func turn(_ id: Int, _ job: Known) -> (Duration, Int) {
            (job.askedAt + self.queue.bounds.handicap(job.request.priority), id)
        }

        private func check() throws {
            let bounds = self.queue.bounds
            #expect(self.queue.runningCount == self.running.count)
            #expect(self.queue.waitingCount == self.waiting.count)
            #expect(self.running.count <= bounds.workers)
            #expect(self.waiting.count <= bounds.queueMax)
            let memory = self.running.values.reduce(0) { $0 + $1.request.cost.memoryBytes }
            #expect(self.queue.memoryBytes == memory)
            #expect(memory <= bounds.memoryBytesMax || self.running.count == 1)
            for priority in RenderPriority.allCases {
                let count = self.waiting.values.count { $0.request.priority == priority }
                #expect(self.queue.waitingCount(of: priority) == count)
                #expect(count <= bounds.placesMax(priority))
            }
            // Nobody waits for nothing.
            let first = self.waiting.min { self.turn($0.key, $0.value) < self.turn($1.key, $1.value) }
            if let first {
                let fits = memory + first.value.request.cost.memoryBytes <= bounds.memoryBytesMax
                #expect(!self.running.isEmpty)
                #expect(self.running.count == bounds.workers || !fits)
            }
        }

        mutating func drain() throws {
            while !self.running.isEmpty { try self.endOne() }
            #expect(self.waiting.isEmpty, "somebody waits for ever")
            #expect(self.queue.memoryBytes == 0)
        }
    }

    @Test(arguments: 1...24)
    func theRulesHoldInEveryHistory(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bounds = AdmissionQueue.Bounds(
            workers: Int.random(in: 1...4, using: &random),
            queueMax: Int.random(in: 0...24, using: &random),
            memoryBytesMax: Int.random(in: 0...300, using: &random),
            handicapMax: .seconds(Int.random(in: 0...20, using: &random))
        )
        var history = History(random: random, queue: AdmissionQueue(bounds))
        for _ in 0..<500 { try history.step() }
        try history.drain()
        if bounds.queueMax > 4 { #expect(history.admitted > 20) }
        #expect(!history.refused.isEmpty)
    }

    /// Readers come faster than they can be served, for as long as one looks: uploads and background work are served
    /// all the same, each within its handicap and what was before it then.
    @Test func noFloodStarvesAnybody() throws {
        var queue = AdmissionQueue(.init(workers: 1, queueMax: 400, memoryBytesMax: 100, handicapMax: .seconds(8)))
        var (running, asked, waits) = (Set<Int>(), [Int: (RenderPriority, Duration)](), [RenderPriority: Duration]())
        let cost = RenderCost(memoryBytes: 1, cpu: .milliseconds(100))
        for tick in 0..<2000 {
            let now = Duration.milliseconds(100) * tick
            for id in running {
                running.remove(id)
                for next in queue.end(id, isMeasure: true, at: now) {
                    running.insert(next)
                    let (priority, since) = try #require(asked[next])
                    waits[priority] = max(waits[priority] ?? .zero, now - since)
                }
            }
            let comers: [RenderPriority] = [.reader, .reader] + (tick % 20 == 0 ? [.upload, .background] : [])
            for priority in comers {
                let waitMax = JobTime.waitMax(priority, deadline: .seconds(10))
                let request = AdmissionQueue.Request(priority: priority, cost: cost, waitMax: waitMax)
                guard let answer = try? queue.ask(request, at: now) else {
                    #expect(priority == .reader, "\(priority) is refused")
                    continue
                }
                asked[answer.id] = (priority, now)
                if answer.isAdmitted { running.insert(answer.id) }
            }
        }
        #expect(try #require(waits[.upload]) < .seconds(8))
        #expect(try #require(waits[.background]) < .seconds(16))
    }
}
