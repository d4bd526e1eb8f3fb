// A certificate of a test's own, for an index on loopback that speaks https.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** In PEM, with the path of the certificate for those who are to trust it. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly certFile: string;
}

/**
 * Makes a certificate for a day or two in `folder`, signed by itself; undefined, having said so, where there is no openssl.
 * @param names as X.509 has them: `DNS:localhost`, `IP:127.0.0.1`.
 */
export function makeCertificate(folder: string, names: readonly string[]): Certificate | undefined {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const request =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  try {
    execFileSync(
      "openssl",
      [
        ...request.split(" "),
        ...["-keyout", keyFile, "-out", certFile],
        ...["-addext", `subjectAltName=${names.join(",")}`],
      ],
      { stdio: "ignore" },
    );
  } catch {
    console.log("      skipped: there is no openssl to make a certificate with; apt-get install openssl");
    return undefined;
  }
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8"), certFile };
}
