/** One way to give other devices a page with the GPU. */
export interface SecureWay {
  /** Short and lasting, for scripts. */
  readonly name: string;
  /** For whom it works. */
  readonly works: string;
  /** What to type or do. */
  readonly how: string;
  /** What it costs. */
  readonly catch: string;
}

/** Why any of this is needed. Source: W3C Secure Contexts; WebGPU, 3.3: `navigator.gpu` is there in secure contexts only. */
export const SECURE_CONTEXT_WORDS =
  "Browsers give a page WebGPU, shared memory and private files only in a secure context: https with a certificate that the device trusts, or an address of the " +
  "same machine. A page of http://192.168.1.20 has none of them. Workers of Node need none of this.";

/** The ways to a secure context, in the order to try them. */
export const SECURE_WAYS: readonly SecureWay[] = [
  {
    name: "localhost",
    works: "every browser, on this machine",
    how: "tributary train RUN.ts --open",
    catch: "tabs of this machine only",
  },
  {
    name: "tunnel",
    works: "every browser anywhere, iPhones too, without touching the device",
    how: "tributary serve RUN.ts --port 8080 --domain NAME, beside cloudflared tunnel --url http://127.0.0.1:8080, or tailscale serve 8080, which tell NAME",
    catch: "a third party carries the traffic, which takes longer; the token is what keeps strangers out",
  },
  {
    name: "local-authority",
    works: "every browser in this network, once the device trusts the certificate",
    how: "tributary serve RUN.ts --lan, then the steps it prints; with mkcert: --lan --cert lan.pem --key lan-key.pem",
    catch: "each device installs a certificate once; iPhones need a second switch in the settings",
  },
  {
    name: "hosted-page",
    works: "Chrome and Edge 147 or newer: a page hosted with https may open ws:// to a private address after asking",
    how: "put the built join page on any static host; the coordinator must then allow that origin, which it has no option for yet",
    catch: "Firefox and Safari refuse it as mixed content",
  },
  {
    name: "browser-flag",
    works: "Chrome and Edge, also on Android",
    how: "chrome://flags/#unsafely-treat-insecure-origin-as-secure, name http://ADDRESS:PORT, start the browser anew; the coordinator with --host 0.0.0.0",
    catch: "by hand on each device, unencrypted; for developers",
  },
  {
    name: "domain",
    works: "every browser anywhere",
    how: "a domain with a certificate of Let's Encrypt: --host 0.0.0.0 --cert fullchain.pem --key privkey.pem, or Caddy in front and --domain NAME",
    catch: "the most to set up, and the best for what stays",
  },
];
