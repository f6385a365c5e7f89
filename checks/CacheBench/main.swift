import Glibc

// Runs the product's memory cache and published policies over traces, for checks/cache.py, which has the bars. Prints
// lines of JSON: one a trace, then one a policy on it; at the end what the product's cache costs.
//
//     CacheBench ASSETS REQUESTS

/// A policy by its name, and how to make it for a trace.
struct Policy {
    let name: String
    let make: (_ sizes: [Int32], _ budget: Int) -> any SimulatedCache
}

let policies = [
    Policy(name: "product") { ProductCache(sizes: $0, budget: $1) },
    Policy(name: "LRU") { LRU(sizes: $0, budget: $1) },
    Policy(name: "SIEVE") { Sieve(sizes: $0, budget: $1) },
    Policy(name: "S3-FIFO") { S3FIFO(sizes: $0, budget: $1) },
    Policy(name: "LRU, admission by size 16K") { LRU(sizes: $0, budget: $1, admissionScale: 16_384) },
    Policy(name: "LRU, admission by size 32K") { LRU(sizes: $0, budget: $1, admissionScale: 32_768) },
    Policy(name: "W-TinyLFU AV, sample 10") { WTinyLFU(sizes: $0, budget: $1, sampleFactor: 10) },
    Policy(name: "W-TinyLFU AV, sample 50") { WTinyLFU(sizes: $0, budget: $1, sampleFactor: 50) },
    Policy(name: "GDSF") { GreedyDual(sizes: $0, budget: $1, exponent: 1) },
    Policy(name: "GD*, 1/β = 2") { GreedyDual(sizes: $0, budget: $1, exponent: 2) },
]

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard arguments.count == 2 else {
    print("usage: CacheBench ASSETS REQUESTS")
    exit(2)
}
for make in Traces(assets: arguments[0], requests: arguments[1]).all {
    let trace = make()
    print(
        #"{"trace": "\#(trace.name)", "objects": \#(trace.catalog.sizes.count), "#
            + #""requests": \#(trace.events.count), "#
            + #""budget": \#(trace.budget), "bound": \#(trace.bound.map { "\($0)" } ?? "null")}"#
    )
    for policy in policies {
        let cache = policy.make(trace.catalog.sizes, trace.budget)
        let outcome = Outcome(of: trace, through: cache)
        let objects = Double(outcome.hits) / Double(outcome.requests)
        let bytes = Double(outcome.hitBytes) / Double(outcome.bytes)
        let first = outcome.firstPulls == 0 ? "null" : "\(Double(outcome.firstPullHits) / Double(outcome.firstPulls))"
        print(#"{"policy": "\#(policy.name)", "objects": \#(objects), "bytes": \#(bytes), "first": \#(first)}"#)
    }
}
let speed = Speed()
print(
    #"{"insertion": \#(speed.insertion), "among visited": \#(speed.insertionAmongVisited), "#
        + #""look-up": \#(speed.lookUp)}"#
)
