// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

/** What happens around one message of the app's. */
enum Story {
    /** To somebody who is reachable. */
    DELIVER,
    /** The same, while the service is started again. */
    RESTART,
    /** To somebody who does not use it: it comes back, and goes as an SMS, of which the network then tells. */
    USE_SMS,
    /** Its owner wants SMS alone for that number. */
    ALWAYS_SMS,
    /** The app is killed before SmsManager is called; its owner says that it is not to be sent again. */
    NOT_AGAIN,
    /** The same, and it is to be sent again. */
    AGAIN,
    /** SmsManager is called, the app killed, and the SMS provider has it as sent. */
    IN_THE_PROVIDER,
    /** SmsManager is called, the app killed; and then the network tells. */
    NETWORK_TELLS,
    /** Somebody writes. */
    RECEIVE,
    /** Somebody writes with a new key. */
    NEW_KEY,
    /** The service is off. */
    OFF,
    /** To somebody who is away until the deadline. */
    EXPIRE;

    boolean comesIn() {
        return this == RECEIVE || this == NEW_KEY;
    }

    /** Where the app is killed before anything else happens; or null. */
    String killedFirst() {
        return switch (this) {
            case NOT_AGAIN, AGAIN -> "client.sms.intended";
            case IN_THE_PROVIDER, NETWORK_TELLS -> "client.sms.called";
            default -> null;
        };
    }
}
