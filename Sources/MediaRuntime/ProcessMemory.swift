import CSandbox
import Glibc
package import Logging
import MediaModel
import MediaOrigin

/// Keeps what is in this process's memory (keys, pictures) out of core dumps, debuggers and swap, as far as the system
/// lets it.
package enum ProcessMemory {
    /// Called once, before a key is read. Logs what could not be had: the service is as right without it, not as safe.
    package static func keepPrivate(_ logger: Logger) {
        let error = csandbox_keep_memory_private()
        if error != 0 {
            let reason = String(cString: strerror(-error))
            logger.warning("Core dumps of this process cannot be turned off", metadata: ["error": "\(reason)"])
        }
        if let reason = EnvelopeKey.lockingFailure(keys: EnvelopeKeyPolicy.cachedMax) {
            logger.warning(
                "Keys in memory cannot be kept out of swap; raise RLIMIT_MEMLOCK (LimitMEMLOCK= in systemd)",
                metadata: ["error": "\(reason)"]
            )
        }
    }
}
