import { describe, expect, it } from "vitest";
import { reachLines } from "./reach-lines.ts";

const FACTS = {
  joinUrl: "https://192.168.1.20:8443/join#t=secret",
  localJoinUrl: "http://127.0.0.1:40001/join#t=secret",
  columns: null,
};
const CERTIFICATES = {
  server: { key: "", cert: "" },
  authority: "",
  fingerprint: "AB:CD",
  folder: "/settings/tributary/ca",
  isNew: true,
  uncovered: [],
};
const LAN = { ...FACTS, pageUrl: "http://192.168.1.20:8444/", certificates: CERTIFICATES };

const text = (...facts: Parameters<typeof reachLines>) => reachLines(...facts).join("\n");

describe("what is said to others who want to join", () => {
  it("has the link, the page of the certificate, its fingerprint, numbered steps for phones, and what is exposed", () => {
    const said = text(LAN);
    for (const part of [
      FACTS.joinUrl,
      FACTS.localJoinUrl,
      LAN.pageUrl,
      "SHA-256 AB:CD",
      "Certificate Trust Settings",
      "https://192.168.1.20:8443   pages; the run",
      "http://192.168.1.20:8444   the certificate",
      CERTIFICATES.folder,
    ]) {
      expect(said).toContain(part);
    }
    expect(said).toMatch(/iPhone, iPad\n\s+1\. .+\n\s+2\. .+\n\s+3\. .+\n\s+Android\n\s+1\. /);
  });

  it("draws the codes of the link and of that page where there is a terminal that is wide enough", () => {
    expect(text(LAN)).not.toContain("█");
    // Each of the three finder patterns of a code is a line of this kind (ISO/IEC 18004, 6.3.3).
    expect(text({ ...LAN, columns: 80 }, true).match(/█ ███ █/g)).toHaveLength(6);
    expect(text({ ...LAN, columns: 20 })).toContain("the QR code needs a terminal of");
  });

  it("offers mkcert's authority where there is one, and warns of addresses of the Internet", () => {
    expect(text({ ...LAN, mkcert: "/elsewhere/mkcert" })).toContain(
      "mkcert -cert-file lan.pem -key-file lan-key.pem 192.168.1.20",
    );
    expect(text({ ...LAN, publicAddresses: ["131.188.3.220"] })).toContain("the whole Internet can ask here");
    expect(text(LAN)).not.toContain("Internet");
  });

  it("says which names the certificate lacks, and how to have one for them", () => {
    const certificates = { ...CERTIFICATES, uncovered: ["131.188.3.220", "lab.example"] };
    expect(text({ ...LAN, certificates })).toContain("Not in the certificate: 131.188.3.220, lab.example. Delete that");
    expect(text(LAN)).not.toContain("Not in the certificate");
  });

  it("speaks of no certificate where devices trust it anyway", () => {
    expect(text(FACTS)).not.toContain("certificate");
  });
});
