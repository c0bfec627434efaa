// Every limit that somebody outside can run into, with the reason for its size. Units end the names.

export const limits = Object.freeze({
  /** MQTT packet, whole, where `mqtt.packetBytesMax` does not say otherwise. An array of a thousand readings fits. */
  mqttPacketBytesMax: 256 * 1024,
  /** MQTT CONNECT packet, before anybody is signed in. Client id, user name, secret and a will fit many times. */
  mqttConnectBytesMax: 8 * 1024,
  /** Topic levels. The native convention needs five; deeper ones cost the matcher. */
  topicLevelsMax: 16,
  /** Bytes of a topic or filter. Five levels of names take a few hundred. */
  topicBytesMax: 1024,
  /** Bytes of a client id. MQTT 3.1.1 asks a server to take 23; a UUID with a prefix has more. */
  clientIdBytesMax: 256,
  /** Filters in one SUBSCRIBE, and held by one client: one for each device behind a field gateway. */
  filtersPerClientMax: 1_000,
  /** Commands and desired state handed to one connection whose PUBACK is waited for: a field gateway's worth of them. */
  handedOverMax: 10_000,
  /** Bytes that wait for a device to read them. What comes after a pause of its network fits; then it is cut. */
  mqttUnsentBytesMax: 1024 * 1024,
  /** Bytes of a kept session's messages, which are written all together when its device signs in. */
  mqttSessionBytesMax: 16 * 1024 * 1024,
  /** Kept sessions (clean=0) of one credential: a device has one, and a few more while its firmware is tried out. */
  sessionsPerCredentialMax: 10,
  /** Kept sessions in all: one for each device. Each costs about a kilobyte of memory. */
  sessionsMax: 100_000,
  /** Ids of QoS 2 messages that one session has under way. Devices have some at a time. */
  receivedPerSessionMax: 1_000,
  /** Bytes that wait for one client that is away; how many messages is `mqtt.queueMessagesMax`. */
  queueBytesMax: 1024 * 1024,
  /** Messages and bytes that wait for all clients together. They are in memory. */
  queuedMessagesMax: 200_000,
  queuedBytesMax: 64 * 1024 * 1024,
  /** Retained messages of one device. It has a status, and perhaps a few values besides. */
  retainedPerDeviceMax: 1_000,
  retainedBytesPerDeviceMax: 1024 * 1024,
  /** Retained messages in all. They are in memory. */
  retainedMax: 200_000,
  retainedBytesMax: 128 * 1024 * 1024,
  /** Readings out of one MQTT message. One message is taken in whole or not at all. */
  readingsPerMessageMax: 10_000,
  /** Depth of a nested JSON payload: `a.b.c…` flattens to one metric name. */
  payloadDepthMax: 8,
  /** Length of a text reading, in UTF-16 units. Longer text is a document, not a reading. */
  textLengthMax: 1024,
  /** Attributes kept of one device. */
  attributesPerDeviceMax: 256,
  /** Changes of what one device reports that its history keeps; a hundred more come together before the oldest go. */
  reportedChangesPerDeviceMax: 1_000,
  /** Metrics of one device; a device that invents names for ever stops here. */
  metricsPerDeviceMax: 1_000,
  /** Series in all. Each costs a few hundred bytes of memory. */
  seriesMax: 1_000_000,
  /** Devices in the registry. */
  devicesMax: 100_000,
  /** Credentials of field gateways, and the ids and prefixes in one of them. A site has some. */
  fieldGatewaysMax: 1_000,
  patternsPerCredentialMax: 1_000,
  /** How long a replaced secret may hold beside the new one: a fleet takes weeks to be visited, not years. */
  secretOverlapMsMax: 30 * 24 * 60 * 60 * 1000,
  /** Enrolment keys, and the devices that one of them may bring in. */
  enrolmentKeysMax: 1_000,
  enrolmentUsesMax: 100_000,
  /** Devices out of one CSV; its bytes are those of a request body. */
  bulkDevicesMax: 10_000,
  /** Entries in one connection log, the names that have one, and the entries of all of them together. */
  connectionEntriesMax: 50,
  connectionLogsMax: 10_000,
  connectionEntriesTotalMax: 100_000,
  /** WebSocket frame from a viewer. The longest legal one is a `sub` or a `cmd`. */
  viewerFrameBytesMax: 64 * 1024,
  /** Viewers in all. */
  viewersMax: 10_000,
  /** Subscriptions of one viewer. */
  subscriptionsPerViewerMax: 64,
  /** Frames in one message of a viewer. A page sends its subscriptions together. */
  framesPerMessageMax: 100,
  /** Name that a viewer gives to a subscription. It comes back in every frame. */
  subscriptionNameLengthMax: 64,
  /** Patterns in one list of a subscription. */
  patternsPerSubscriptionMax: 64,
  /** One of them. It need not be longer than the name that it has to fit. */
  patternLengthMax: 128,
  /** The longest flush interval of a subscription: more is polling, not watching. */
  flushIntervalMsMax: 60_000,
  /** How long a long poll waits where it is not told, and at most: proxies cut what is silent for a minute. */
  pollWaitMsDefault: 25_000,
  pollWaitMsMax: 55_000,
  /** Rows in one `snap` or `data` frame; a longer answer comes in several. */
  rowsPerFrameMax: 5_000,
  /** HTTP request body. */
  requestBodyBytesMax: 256 * 1024,
  /** That of somebody who is not signed in: two of the longest passwords, each character escaped. */
  signInBodyBytesMax: 16 * 1024,
  /** Rows in a page of any list. */
  pageRowsMax: 1_000,
  /** Raw readings in a page of history. */
  historyReadingsMax: 10_000,
  /** Buckets in one answer of history: more points than any screen is wide. */
  historyBucketsMax: 20_000,
  /** Name of a command, and the reason given for it. */
  commandNameLengthMax: 64,
  commandReasonLengthMax: 500,
  /** Length of an idempotency key. A UUID has 36. */
  commandKeyLengthMax: 128,
  /** Parameters of a command, as JSON. */
  commandParamsBytesMax: 16 * 1024,
  /** What a device answers, as JSON. A document belongs elsewhere. */
  commandResultBytesMax: 16 * 1024,
  /** Commands of one device that wait or are under way. */
  commandsPerDeviceMax: 100,
  /** Commands in all that wait or are under way. */
  commandsOpenMax: 100_000,
  /** A command's life: shortest, default, longest. Yesterday's "open valve" does not run today ([CMD-3]). */
  commandTtlMsMin: 100,
  commandTtlMsDefault: 30_000,
  commandTtlMsMax: 24 * 60 * 60 * 1000,
  /** The least life of one that another person has to agree to, where it says none: the other has to be found first. */
  commandApprovalTtlMsDefault: 10 * 60 * 1000,
  /** Expectations of one command, and how long each may take. */
  expectationsMax: 16,
  expectWithinMsDefault: 10_000,
  expectWithinMsMax: 60 * 60 * 1000,
  /** How often a command is sent again at the most, and the times between. */
  commandRetriesMax: 10,
  commandRetryMsMin: 500,
  commandRetryMsDefault: 5_000,
  commandRetryMsMax: 60 * 60 * 1000,
  /** How often a command is called sent and then not handed over, until it has failed: each is kept as a step of it. */
  commandNotHandedOverMax: 100,
  /** Devices that the preview of a group or of a command type names; it has the number of all. */
  previewDevicesMax: 20,
  /** Command types. A site has some dozens; each request looks through those of its name. */
  commandTypesMax: 1_000,
  /** A command type's parameters as a JSON Schema, in bytes of JSON and in depth. */
  paramsSchemaBytesMax: 16 * 1024,
  paramsSchemaDepthMax: 8,
  /** Fields of a device's desired state. They are sent together, in one packet. */
  desiredFieldsMax: 256,
  /** Characters of all of them as JSON. A device's memory for one packet is small, and eight of these wait for it. */
  desiredLengthMax: 64 * 1024,
  /** Devices of one group of commands, how many of them are open at once, and groups that run or wait for approval. */
  groupDevicesMax: 10_000,
  groupConcurrencyDefault: 10,
  groupConcurrencyMax: 1_000,
  groupsRunningMax: 100,
  /** Devices that a group was refused for and that it names; all are counted. More are no list to work through. */
  groupRefusalsMax: 100,
  /** Groups in a page: one that is asked for by somebody with a scope is looked at with all of its devices. */
  groupPageRowsMax: 100,
  /** A lease: shortest, default, longest. Whoever works on a device renews it. */
  leaseMsMin: 5_000,
  leaseMsDefault: 120_000,
  leaseMsMax: 60 * 60 * 1000,
  /** Names of people that are told as watching a device. */
  watchingMax: 50,
  /** Audit lines of requests that wait for their commit. So many come in a second at most, where the disk is slow. */
  auditLinesWaitingMax: 1_000,
  /** Dead letters kept; the oldest goes first. */
  deadLettersMax: 1_000,
  /** Bytes kept of a dead letter's payload. */
  deadLetterBytesMax: 512,
  /** Users. A gateway is for the people of a site; all are in memory. */
  usersMax: 1_000,
  /** A password: what is shorter is guessed (NIST SP 800-63B), what is longer is no password. */
  passwordLengthMin: 10,
  passwordLengthMax: 1024,
  /** Sessions of one user; a further one ends the one that was used longest ago. */
  sessionsPerUserMax: 20,
  /** API tokens that are made over REST, in all. Each list shows all of them. */
  tokensMax: 1_000,
  /** Kept of what a browser says about itself. */
  agentLengthMax: 200,
  /** Patterns, and tags, of one scope. Each costs a look at each device. */
  scopePatternsMax: 64,
  /** Tags of one device. */
  tagsPerDeviceMax: 16,
  /** How far ahead of the gateway's clock a device's time may be before it counts as impossible ([ING-3]). */
  clockAheadMsMax: 24 * 60 * 60 * 1000,
});

/** The earliest time a device can mean (2000-01-01): before it, a clock was never set ([ING-3]). */
export const earliestPlausible = 946_684_800_000;
