import Testing

/// The built service over real sockets. One test at a time: each starts a service with its workers, and two cores are
/// not enough for twenty of them.
@Suite(.serialized) enum WireTests {}
