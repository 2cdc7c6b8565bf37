// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.LocaleList;
import org.robolectric.RuntimeEnvironment;

/**
 * How a phone is set: language, size, dark or not, and how large it writes.
 *
 * @param qualifiers as the name of a resource folder has them
 */
record Look(String name, String qualifiers, float fontScale) {
    private static final String PHONE = "-w411dp-h731dp-port-notnight-420dpi";
    private static final String SMALL = "-w360dp-h640dp-port-notnight-xhdpi";

    static final Look ENGLISH = new Look("en", "en-rUS" + PHONE, 1);
    static final Look DARK = new Look("dark", "en-rUS-w411dp-h731dp-port-night-420dpi", 1);
    static final Look TABLET = new Look("tablet", "es-w800dp-h1280dp-port-notnight-hdpi", 1);
    static final Look TABLET_LYING = new Look("tablet lying", "en-rUS-w1280dp-h800dp-land-notnight-hdpi", 1);
    static final Look LYING = new Look("lying at 200 %", "es-w640dp-h360dp-land-notnight-xhdpi", 2);
    /** From right to left, longer than English, and each word that came from the resources is marked. */
    static final Look PSEUDO = new Look("ar-XB", "ar-rXB" + PHONE, 1);

    /** The languages, where there is least room. */
    static Look[] large() {
        String[] languages = {"en-rUS", "zh-rCN", "hi", "in", "es", "ar-rXB"};
        Look[] looks = new Look[languages.length];
        for (int i = 0; i < looks.length; i++) {
            looks[i] = new Look(languages[i] + " at 200 %", languages[i] + SMALL, 2);
        }
        return looks;
    }

    void set() {
        RuntimeEnvironment.setQualifiers(qualifiers);
        RuntimeEnvironment.setFontScale(fontScale);
        // As Android does for an app when its owner chooses another language.
        LocaleList.setDefault(
                RuntimeEnvironment.getApplication().getResources().getConfiguration().getLocales());
    }

    /** What a picture of it is called. */
    String picture() {
        return fontScale == 1 ? "rtl" : qualifiers.startsWith("en") ? "200" : qualifiers.replaceAll("-.*", "-200");
    }
}
