// What the public listener answers. A route is its template, never a URL.

extension OriginMetrics {
    /// A hit takes well under a millisecond, an upload may take the render deadline of 10 s and the queue before it.
    private static let requestSeconds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    /// Hits are told apart below a millisecond, and 0.2 s and 1 s are what the objectives speak of.
    private static let deliverySeconds = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30,
    ]
    /// Thumbnails have about 10 KB, previews about 60 KB, originals megabytes.
    private static let bodyBytes = [
        1024, 4096, 16_384, 32_768, 65_536, 131_072, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
    ]

    private static let route = MetricLabel("route", meaning: "a template such as `/v1/assets/{asset}`, or `other`")
    private static let method = MetricLabel(
        "method",
        fromOutside: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    )

    static let http = MetricGroup(
        "Requests",
        about: """
            Of the public listener, whoever answered: the routes, the hits below them, refusals at the door, and \
            faults of HTTP itself (`route="other"` where no request was understood). A request is counted when its \
            answer is with the kernel or the connection has ended; durations run from its head until then. What a \
            client counts as answered is `http_requests_total` less `http_responses_cut_total`.
            """,
        [
            MetricDefinition(
                "http_requests_total",
                .counter,
                labels: [Self.route, Self.method, MetricLabel("status", meaning: "code of the answer, three digits")],
                seriesMax: 1000,
                help: "Requests answered, by route, method and status code."
            ),
            MetricDefinition(
                "http_request_duration_seconds",
                .durations(buckets: Self.requestSeconds),
                labels: [Self.route],
                help: "Time from a request's head until the last byte of its response was written, or the connection "
                    + "had ended; also of requests that were never answered, which http_requests_total has not."
            ),
            MetricDefinition(
                "http_requests_in_flight",
                .gauge,
                help: "Requests that are being answered; hits from memory, which are answered at once, are not seen."
            ),
            MetricDefinition(
                "http_response_size_bytes",
                .sizes(buckets: Self.bodyBytes),
                labels: [Self.route],
                help: "Bytes of response bodies as far as they were handed over, also of answers that were cut."
            ),
            MetricDefinition(
                "http_request_body_bytes_total",
                .counter,
                labels: [Self.route],
                help: "Bytes of request bodies that arrived before their answers ended."
            ),
            MetricDefinition(
                "http_response_body_bytes_total",
                .counter,
                labels: [Self.route],
                help: "Bytes of response bodies that were handed over, also of answers that were cut."
            ),
            MetricDefinition(
                "http_responses_cut_total",
                .counter,
                labels: [
                    Self.route,
                    MetricLabel(
                        "cause",
                        meaning: "`peer`: the connection ended, on either side; `store`: what was stored could not be "
                            + "read, and a short answer is never completed"
                    ),
                ],
                help: "Responses that ended midway; http_requests_total has them too, with the status that was sent."
            ),
            MetricDefinition(
                "http_requests_unanswered_total",
                .counter,
                labels: [Self.route],
                help: "Requests whose connection ended before anything of an answer was sent. How long they waited is "
                    + "in http_request_duration_seconds."
            ),
            MetricDefinition(
                "http_refusals_total",
                .counter,
                labels: [MetricLabel("problem", meaning: "its code, as in the answer")],
                help: "Requests answered 5xx on purpose: there was no room for them, or no quota."
            ),
            MetricDefinition("http_connections_open", .gauge, help: "Connections to the public listener."),
            MetricDefinition(
                "http_connections_cut_total",
                .counter,
                labels: [
                    MetricLabel(
                        "reason",
                        ["head", "body", "reader", "address"],
                        meaning: "what was too slow, or `address`: as many of one address as may be"
                    )
                ],
                help: "Connections ended for what the client does: head, body or reader too slow; too many of its "
                    + "address."
            ),
        ]
    )

    static let delivery = MetricGroup(
        "Delivery",
        [
            MetricDefinition(
                "media_delivery_duration_seconds",
                .durations(buckets: Self.deliverySeconds),
                labels: [
                    MetricLabel(
                        "result",
                        ["hit", "miss", "render"],
                        meaning: "`hit`: the bytes were in memory, or none were sent (304); `miss`: read from the "
                            + "store; `render`: made at this request"
                    )
                ],
                help: "Time of deliveries that were answered (2xx and 304), by where the bytes came from; until the "
                    + "kernel has the last byte, which of a body larger than its buffers is when the client has taken "
                    + "the rest."
            )
        ]
    )

    static let tls = MetricGroup(
        "TLS",
        [
            MetricDefinition(
                "tls_certificate_expiry_timestamp_seconds",
                .gauge,
                condition: "the listener has a certificate",
                help: "When the certificate that new connections get expires, in seconds since 1970."
            ),
            MetricDefinition(
                "tls_certificate_reloads_total",
                .counter,
                labels: [MetricLabel("outcome", ["loaded", "failed"])],
                help: "Times the certificate's files were read anew, by outcome: loaded, failed (the one before stays)."
            ),
        ]
    )
}
