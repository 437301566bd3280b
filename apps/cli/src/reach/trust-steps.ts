/** What a person does once on a device, so that it trusts this machine's certificate authority. */
export interface TrustSteps {
  readonly device: string;
  /** Whether it is held in the hand: the steps of those stand in the terminal too, the others on the page alone. */
  readonly isHandheld: boolean;
  readonly steps: readonly string[];
}

/** Steps by device; each begins after the page of the certificate is open there.  */
export const TRUST_STEPS: readonly TrustSteps[] = [
  {
    device: "iPhone, iPad",
    isHandheld: true,
    steps: [
      "In Safari tap the certificate, and Allow.",
      "Settings, Profile Downloaded (or General, VPN & Device Management): Install.",
      "Settings, General, About, Certificate Trust Settings: switch it on.",
    ],
  },
  {
    device: "Android",
    isHandheld: true,
    steps: [
      "Tap the certificate to save it.",
      "Settings: search for CA certificate (Security, Encryption & credentials, Install a certificate), Install anyway, choose ca.crt.",
      "Use Chrome: Firefox for Android does not take such authorities unless its hidden settings allow it.",
    ],
  },
  {
    device: "Windows",
    isHandheld: false,
    steps: [
      "Save and open the certificate: Install Certificate, Current User.",
      "Place it in Trusted Root Certification Authorities; then start the browser anew.",
    ],
  },
  {
    device: "macOS",
    isHandheld: false,
    steps: [
      "Save and open the certificate: Keychain Access takes it.",
      "Open it there, Trust, When using this certificate: Always Trust.",
    ],
  },
  {
    device: "Linux, and Firefox anywhere",
    isHandheld: false,
    steps: [
      "Save the certificate.",
      "Chrome: chrome://certificate-manager, Custom, Installed by you, Trusted Certificates, Import. Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import, for websites.",
    ],
  },
  {
    device: "Node",
    isHandheld: false,
    steps: ["npx tributary join LINK --ca ca.crt"],
  },
];
