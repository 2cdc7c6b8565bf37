#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# resources.sh ANDROID-JAR OUT: compiles the app's resources and its manifest, and writes R.java; and the example of an overlay,
# alone as a phone has it, and laid over the app's resources. From the jar of Android's
# classes it takes what aapt2 links against, in the form that it reads: stored, not compressed.
set -eu
jar=$1 out=$2 app=$(dirname "$0")/../../java-shim/app
rm -rf "$out/framework" "$out/resources"
mkdir -p "$out/framework" "$out/resources"
(cd "$out/framework" && unzip -qo "$jar" resources.arsc AndroidManifest.xml &&
    zip -q0 framework.apk resources.arsc AndroidManifest.xml)
# Robolectric takes no permission of an app whose name is in `android.permission`.
sed '/<permission$/,/\/>/d' "$app/AndroidManifest.xml" >"$out/AndroidManifest.xml"
aapt2 compile --pseudo-localize --dir "$app/res" -o "$out/resources.zip"
# Of the framework's file aapt2 says that it holds what is newer than aapt2: that is not used here.
aapt2 link -I "$out/framework/framework.apk" --manifest "$out/AndroidManifest.xml" \
    --min-sdk-version 34 --target-sdk-version 35 \
    --java "$out/resources" -o "$out/resources.apk" "$out/resources.zip" 2>"$out/aapt2.log" || {
    cat "$out/aapt2.log"
    exit 1
}
sed -i 's/^public final class R/@SuppressWarnings("all")\n&/' \
    "$out/resources/android/system/cloudmessaging/settings/R.java"

# A runtime overlay is a package of its own; where a product's overlays are merged by the build, aapt2 does that.
overlay=$app/../../product/overlay/privacy
aapt2 compile --dir "$overlay/res" -o "$out/overlay.zip"
aapt2 link -I "$out/framework/framework.apk" --manifest "$overlay/AndroidManifest.xml" \
    --min-sdk-version 34 --target-sdk-version 35 -o "$out/overlay.apk" "$out/overlay.zip" 2>"$out/aapt2.log" &&
    aapt2 link -I "$out/framework/framework.apk" --manifest "$out/AndroidManifest.xml" \
        --min-sdk-version 34 --target-sdk-version 35 \
        -o "$out/overlaid.apk" -R "$out/overlay.zip" "$out/resources.zip" 2>"$out/aapt2.log" || {
    cat "$out/aapt2.log"
    exit 1
}
