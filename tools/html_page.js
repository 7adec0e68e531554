/* html_page.js: what the page can do beyond being read: themes, sorting, folding, saving.  It is
 * complete without this. */
"use strict";
(function () {
    var root = document.documentElement;
    var all = function (selector, within) {
        return Array.prototype.slice.call((within || document).querySelectorAll(selector));
    };

    /* The theme: the system's, or one of the two. */
    var themes = ["as the system", "light", "dark"], theme = 0;
    document.getElementById("theme").addEventListener("click", function () {
        theme = (theme + 1) % themes.length;
        if (theme) root.setAttribute("data-theme", themes[theme]);
        else root.removeAttribute("data-theme");
        this.textContent = "Theme: " + themes[theme];
    });

    /* What is folded away. */
    var closed = function () {
        return all("details").filter(function (d) { return !d.open; });
    };
    var unfold = document.getElementById("unfold");
    unfold.addEventListener("click", function () {
        var list = closed(), open = list.length !== 0;
        all("details").forEach(function (d) { d.open = open; });
        unfold.textContent = open ? "Close all" : "Open all";
    });
    var opened = [];
    window.addEventListener("beforeprint", function () {
        opened = closed();
        opened.forEach(function (d) { d.open = true; });
    });
    window.addEventListener("afterprint", function () {
        opened.forEach(function (d) { d.open = false; });
    });

    /* Tables of numbers sort by the column whose heading is pressed. */
    var number = function (row, column) {
        var text = row.cells[column].textContent, less = text.charAt(0) === "\u003c" ? 1 : 0;
        var value = parseFloat(text.slice(less)) - 0.5 * less; /* "less than 1": below 1, above what is missing */
        return isNaN(value) ? -1 : value;
    };
    all("table.strips, table.heats").forEach(function (table) {
        var body = table.tBodies[0], heads = all("thead tr:last-child th", table);
        var rows = Array.prototype.slice.call(body.rows);
        heads.forEach(function (head) {
            var column = head.cellIndex, button = document.createElement("button");
            if (head.querySelector("svg")) return;
            button.type = "button";
            button.title = "Sort";
            while (head.firstChild) button.appendChild(head.firstChild);
            head.appendChild(button);
            button.addEventListener("click", function () {
                var down = head.getAttribute("aria-sort") !== "descending", sorted = rows.slice();
                heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
                if (column !== 0) {
                    head.setAttribute("aria-sort", down ? "descending" : "ascending");
                    sorted.sort(function (a, b) {
                        return (number(b, column) - number(a, column)) * (down ? 1 : -1);
                    });
                }
                sorted.forEach(function (row) { body.appendChild(row); });
            });
        });
    });

    /* The embedded files as downloads. */
    all("[data-json]").forEach(function (item) {
        var button = document.createElement("button");
        button.type = "button";
        button.textContent = "Save as JSON";
        button.addEventListener("click", function () {
            var text = document.getElementById(item.getAttribute("data-json")).textContent;
            var link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
            link.download = item.getAttribute("data-json") + ".json";
            link.click();
            setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
        });
        item.appendChild(button);
    });
    document.getElementById("tools").hidden = false;
})();
