/** A portal's pages in jQuery: DataTables' list with its own paging and filter, and Select2's picker. */

import $ from "jquery";
import DataTable from "datatables.net";
import select2 from "select2/dist/js/select2.full.js";

DataTable.use(DataTable);
select2(window, $);

const columns = ["Request", "Subscriber", "Patient", "DOB", "Service", "Decision"];

async function look() {
  const cases = await (await fetch(`/cases?number=${encodeURIComponent($("#number").val())}`)).json();
  $("#none").toggle(cases.length === 0);
  $("#list").toggle(cases.length > 0);
  new DataTable("#requests", {
    destroy: true,
    data: cases.map((one) => [
      $("<a href='#'>").attr("data-number", one.number).text(one.number)[0],
      one.member, one.name, one.born, one.code, one.status,
    ]),
    columns: columns.map((title) => ({ title })),
  });
  $("#requests").off("click").on("click", "a[data-number]", (event) => {
    event.preventDefault();
    show(cases.find((one) => one.number === event.target.dataset.number));
  });
}

function show(one) {
  $("#search").hide();
  $("#detail").show();
  const rows = [
    ["Request number", one.number], ["Decision", one.status], ["Subscriber ID", one.member], ["Patient name", one.name],
    ["Date of birth", one.born], ["Service code", one.code], ["Units", one.visits], ["Effective", `${one.from} - ${one.to}`],
  ];
  $("#values").html(rows.map(() => "<tr><th scope=row></th><td></td></tr>").join(""));
  rows.forEach(([label, value], at) => {
    $("#values th").eq(at).text(label);
    $("#values td").eq(at).text(value);
  });
}

$(() => {
  $("#product").select2({ width: "300px" });
  $("#look").on("click", () => void look());
});
