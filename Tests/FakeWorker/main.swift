import Glibc
import MediaWorkers

// A worker for the tests of the pool: the real loop around an engine that does what the picture's first line says.

guard WireSocket.isGivenToThisProcess, let limits = WorkerLimits(arguments: CommandLine.arguments) else {
    WorkerLog.write("FakeWorker is started by tests only")
    exit(2)
}
// Without a sandbox: what it would refuse is what the pool is to be tested with.
exit(WorkerLoop(engine: FakeEngine(), codecs: "fake 1.0", limits: limits) { _ in [] }.run())
