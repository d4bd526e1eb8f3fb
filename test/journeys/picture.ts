// Makes the README's picture: findings and our hover open, drawn by the real workbench and answered by pip's default index.
import { join } from "node:path";
import { ROOT } from "../../scripts/workbench.ts";
import { closeBrowser, Workbench } from "./workbench.ts";

const text = "tensorflow==2.15.0\nnumpy>=2\npandas==3.0.4\nflask[async]>=2.2,<3   # behind nginx\n";

try {
  const workbench = await Workbench.open({
    files: { "requirements.txt": text },
    open: "requirements.txt",
    // Nothing of the machine that draws it is to be in the picture.
    environment: {
      PIP_CONFIG_FILE: "/dev/null",
      PIP_INDEX_URL: undefined,
      PIP_EXTRA_INDEX_URL: undefined,
      PIP_FIND_LINKS: undefined,
    },
    settings: {
      "thoth.environment.pythonVersion": "3.11",
      "workbench.activityBar.location": "hidden",
      "editor.minimap.enabled": false,
      "breadcrumbs.enabled": false,
      "editor.fontSize": 15,
    },
    viewport: { width: 1000, height: 360 },
  });
  try {
    await workbench.command("View: Close Primary Side Bar");
    await workbench.lenses().filter({ hasText: "2 errors, 1 warning" }).waitFor();
    await workbench.untilHover("pandas", 3, /3\.1\.1/);
    await workbench.picture(join(ROOT, "docs/images/hover.png"));
  } finally {
    await workbench.close();
  }
} finally {
  await closeBrowser();
}
