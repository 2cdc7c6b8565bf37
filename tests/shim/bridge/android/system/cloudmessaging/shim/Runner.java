// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import org.junit.runners.model.FrameworkMethod;
import org.junit.runners.model.InitializationError;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.internal.bytecode.InstrumentationConfiguration;

/** Robolectric, which takes what is in `android` for Android's and rewrites it: but not what is ours there. */
public final class Runner extends RobolectricTestRunner {
    public Runner(Class<?> test) throws InitializationError {
        super(test);
    }

    @Override
    protected InstrumentationConfiguration createClassLoaderConfig(FrameworkMethod method) {
        return new InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
                .doNotInstrumentPackage("android.system.cloudmessaging.")
                .build();
    }
}
