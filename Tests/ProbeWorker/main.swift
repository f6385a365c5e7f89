import CProbe
import Glibc
import MediaConfinement
import MediaImaging
import MediaModel
import MediaWorkers

// `mediaworker`, but for an engine that tries to break out (ProbeEngine.swift).

guard WireSocket.isGivenToThisProcess, let limits = WorkerLimits(arguments: CommandLine.arguments) else {
    WorkerLog.write("ProbeWorker is started by tests only")
    exit(2)
}
do {
    let engine = ProbeEngine(engine: try VipsEngine.start())
    cprobe_start_thread()
    let loop = WorkerLoop(engine: engine, codecs: VipsEngine.codecs, limits: limits) { mayLack in
        try Confinement.enter(socket: WireSocket.workersNumber, mayLack: mayLack)
    }
    exit(loop.run())
} catch {
    WorkerLog.write("does not start: \(error.debugDescription)")
    exit(1)
}
