/** The few globals that exist on a phone and on a server alike; shared code may use no others. */
declare const crypto: { getRandomValues: (bytes: Uint8Array) => Uint8Array };
