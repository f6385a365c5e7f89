import Glibc
import MediaConfinement
import MediaImaging
import MediaModel
import MediaWorkers

// Asked before the engine opens anything: a number that is free now may be a socket of its own later.
guard WireSocket.isGivenToThisProcess, let limits = WorkerLimits(arguments: CommandLine.arguments) else {
    WorkerLog.write("not for use by hand: mediad and mediactl start it, with a socket as descriptor 3")
    exit(2)
}
do {
    try WorkerLimits.giveWay()
    let engine = try VipsEngine.start()
    let loop = WorkerLoop(engine: engine, codecs: VipsEngine.codecs, limits: limits) { mayLack in
        let missing = try Confinement.enter(socket: WireSocket.workersNumber, mayLack: mayLack)
        try engine.rehearse()
        return missing
    }
    exit(loop.run())
} catch {
    WorkerLog.write("does not start: \(String(reflecting: error))")
    exit(1)
}
