import Logging
import MediaModel
import MediaRuntime
import MediaWorkers

/// The picture engine for one command: the same pool of sandboxed workers that the service has.
enum Engine {
    /// Lends a renderer for the length of `body`, and says what codecs it has; the workers are gone when it returns.
    ///
    /// - Throws: ``ConvertFailure`` where no worker can be started; what `body` throws.
    static func with<Result>(
        _ settings: Settings,
        logger: Logger,
        _ body: (_ pool: WorkerPool, _ codecs: String) async throws -> Result
    ) async throws -> Result {
        let pool = WorkerPool(configuration: settings.workerPool, logger: logger)
        do {
            try await pool.start()
        } catch {
            // The detail is for who runs the workers; here that is who reads this.
            let detail = (error as? RenderError)?.detail ?? "\(error)"
            throw ConvertFailure(
                "no worker can be started from \(settings.workerPath): \(detail). Install mediaworker beside mediactl, "
                    + "or say where it is with --worker-path"
            )
        }
        do {
            let result = try await body(pool, pool.codecs ?? "")
            await pool.shutdown()
            return result
        } catch {
            await pool.shutdown()
            throw error
        }
    }
}
