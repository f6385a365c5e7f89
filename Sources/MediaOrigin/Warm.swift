import Logging
package import MediaModel
import Metrics
import Synchronization

/// Pulls new URLs through the caches before the origin, so that no reader is the first: those of a version when it
/// becomes ready, those of `latest` when a purge target was told that it changed.
///
/// Nothing waits for it. What does not fit its queue is not pulled, and what fails is not tried again: the first reader
/// then does it.
package final class Warm: Sendable {
    /// Paths that may wait.
    package static let pathsMax = 4096
    /// Pulls at a time: each may take a place among the origin's connections.
    package static let width = 4

    private let puller: any CachePulling
    /// Whether purge targets are told of changes. Before that, `latest` may be pulled as it was.
    private let isPurging: Bool
    private let paths: AsyncStream<String>
    private let queue: AsyncStream<String>.Continuation
    private let count = Atomic(0)
    private let isFailing = Atomic(false)

    /// - Parameter isPurging: whether ``told(_:)`` will be called.
    package init(_ puller: any CachePulling, isPurging: Bool) {
        self.puller = puller
        self.isPurging = isPurging
        (self.paths, self.queue) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingOldest(Self.pathsMax)
        )
    }

    /// Paths that wait.
    package var waiting: Int { self.count.load(ordering: .relaxed) }

    /// A version became ready. Returns at once.
    package func ready(_ version: AssetVersion) {
        let selectors: [VersionSelector] = [.number(version.ref.number)] + (self.isPurging ? [] : [.latest])
        for rendition in version.renditions {
            for selector in selectors {
                let path = DeliveryPath(
                    asset: version.ref.asset,
                    version: selector,
                    preset: rendition.preset.name,
                    format: rendition.preset.recipe.format
                )
                self.add(path.description)
            }
        }
    }

    /// A purge target was told. Returns at once. What is made with a version is pulled; other formats are made when
    /// somebody wants them.
    package func told(_ record: PurgeRecord) {
        guard record.change == .latest else { return }
        for path in record.paths where DeliveryPath(path)?.format == .webp { self.add(path) }
    }

    /// Pulls until the task is cancelled. To be called once.
    package func run() async {
        let gate = Gate(width: Self.width)
        await withDiscardingTaskGroup { group in
            for await path in self.paths {
                self.count.subtract(1, ordering: .relaxed)
                await gate.enter()
                group.addTask {
                    await self.pull(path)
                    gate.leave()
                }
            }
        }
    }

    private func add(_ path: String) {
        self.count.add(1, ordering: .relaxed)
        if case .enqueued = self.queue.yield(path) { return }
        self.count.subtract(1, ordering: .relaxed)
        Self.counter("dropped").increment()
    }

    private func pull(_ path: String) async {
        do {
            let outcome = try await self.puller.pull(path)
            Self.counter(outcome.rawValue).increment()
            self.isFailing.store(false, ordering: .relaxed)
        } catch {
            guard !Task.isCancelled else { return }
            Self.counter("failed").increment()
            // One line for a CDN that is away, not one for each URL.
            guard !self.isFailing.exchange(true, ordering: .relaxed) else { return }
            Logger.current.warning(
                "A new URL could not be pulled through the CDN",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
        }
    }

    private static func counter(_ outcome: String) -> Counter {
        Counter(label: "media_warm_pulls_total", dimensions: [("outcome", outcome)])
    }
}
