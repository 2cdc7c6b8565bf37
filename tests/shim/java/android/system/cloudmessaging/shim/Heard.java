// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.IBinder;
import android.os.IInterface;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What is said to a service on its way there, and perhaps what comes back in its stead. The service is the real one. */
final class Heard {
    /** A call as it was made. */
    record Call(String method, List<Object> arguments) {}

    /** Gives an answer in the service's stead, or what the service answered. */
    interface Answers {
        Object to(Call call, Object answer) throws Throwable;
    }

    private final List<Call> mCalls = new CopyOnWriteArrayList<>();

    /** All calls of that method since the last forget(). */
    List<Call> all(String method) {
        return mCalls.stream().filter(call -> call.method.equals(method)).toList();
    }

    int count(String method) {
        return all(method).size();
    }

    Object last(String method, int argument) {
        List<Call> all = all(method);
        return all.get(all.size() - 1).arguments.get(argument);
    }

    void forget() {
        mCalls.clear();
    }

    /** The service's binder, with this in front of it. */
    <T extends IInterface> IBinder before(
            IBinder real, Class<T> kind, T service, Answers answers) {
        Object front = Proxy.newProxyInstance(
                Heard.class.getClassLoader(), new Class<?>[] {kind},
                (self, method, arguments) -> {
                    Call call = new Call(method.getName(),
                            arguments == null ? List.of() : List.of(arguments));
                    mCalls.add(call);
                    return answers.to(call, forward(() -> method.invoke(service, arguments)));
                });
        return (IBinder) Proxy.newProxyInstance(
                Heard.class.getClassLoader(), new Class<?>[] {IBinder.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "queryLocalInterface" -> front;
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> forward(() -> method.invoke(real, arguments));
                });
    }

    private interface Forwarded {
        Object run() throws ReflectiveOperationException;
    }

    private static Object forward(Forwarded call) throws Throwable {
        try {
            return call.run();
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
