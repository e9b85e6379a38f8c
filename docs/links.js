// Links to files of the repository lead out of the book. In the repository they start beside `docs`; the built book stands
// two folders deep, in target/book. Where it is published, `git-repository-url` in book.toml says where the files are.
(() => {
    const root = new URL((typeof path_to_root === "undefined" ? "" : path_to_root) || "./", document.baseURI);
    const git = document.querySelector('.right-buttons a[href^="http"][title*="epository"]');
    const files = git ? git.href.replace(/\/?$/, "/blob/HEAD/") : new URL("../../", root).href;
    const beside = new URL("../", root).href;
    for (const link of document.querySelectorAll("main a[href]")) {
        const inside = link.href.startsWith(root.href);
        if (!inside && link.href.startsWith(beside)) {
            // mdBook takes every .md for a chapter.
            link.href = files + link.href.slice(beside.length).replace(/\.html(?=#|$)/, ".md");
        }
    }
})();
