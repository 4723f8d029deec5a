import type cytoscape from 'cytoscape';
import type { Palette } from '../theme.js';
import { smallestFont, type Labels } from './labels.js';

/** The canvas' style sheet. What differs from node to node stands in the element's data, computed once per change. */
/** @param labels Asked what a call's label says when it is drawn: most calls say nothing, and need no drawing when their figures change. */
export function stylesheet(palette: Palette, labels: Labels): cytoscape.StylesheetJson {
  const spoken = (edge: cytoscape.EdgeSingular): string => labels.spokenBy(edge);
  const label = {
    'font-family': 'system-ui, Roboto, sans-serif',
    'font-size': 13,
    color: palette.text,
    'text-wrap': 'wrap',
    'text-valign': 'bottom',
    'text-halign': 'center',
    'text-margin-y': 4,
    'text-background-color': palette.canvas,
    'text-background-opacity': 0.85,
    'text-background-padding': '2px',
    'text-background-shape': 'roundrectangle',
    'min-zoomed-font-size': 6,
  } as const;
  return [
    { selector: 'node', style: { ...label, label: 'data(label)', 'background-color': palette.surface, 'overlay-opacity': 0 } },
    {
      selector: 'node[picture]',
      style: {
        shape: 'ellipse', width: 'data(size)', height: 'data(size)', 'background-opacity': 0,
        'background-image': 'data(picture)', 'background-fit': 'contain', 'background-clip': 'none', 'background-image-containment': 'over',
      },
    },
    { selector: 'node:child', style: { 'text-background-color': palette.surface } },
    { selector: 'node[font]', style: { 'font-size': 'data(font)' } },
    { selector: 'node[kind = "instance"]', style: { 'text-margin-y': 2 } },
    {
      selector: 'node[kind = "external"]',
      style: {
        color: palette.muted,
      },
    },
    {
      selector: 'node[kind = "ghost"]',
      style: {
        shape: 'ellipse', width: 44, height: 44, 'background-opacity': 0, 'border-width': 2, 'border-style': 'dotted',
        'border-color': palette.muted, color: palette.muted, opacity: 0.7,
      },
    },
    {
      selector: 'node[kind = "box"]',
      style: {
        shape: 'round-rectangle', 'background-color': palette.surface, 'background-opacity': 0.6, 'border-width': 1,
        'border-color': palette.line, padding: '16px', 'text-valign': 'top', 'text-margin-y': -4, color: palette.muted,
        'font-size': 'data(font)', 'text-background-opacity': 0,
      },
    },
    { selector: 'node[kind = "box"][box = "service"]', style: { 'border-color': palette.muted, 'border-style': 'dashed', color: palette.text } },
    {
      selector: 'edge',
      style: {
        width: 'data(width)', 'line-color': 'data(color)', 'target-arrow-color': 'data(color)', 'target-arrow-shape': 'triangle',
        'arrow-scale': 0.9, 'curve-style': 'bezier', 'control-point-step-size': 36, 'line-style': 'solid', 'overlay-opacity': 0, opacity: 'data(opacity)',
        'font-family': label['font-family'], 'font-size': 11, color: palette.text, 'text-background-color': palette.canvas,
        'text-background-opacity': 0.9, 'text-background-padding': '2px', 'text-rotation': 'none', label: '', 'min-zoomed-font-size': 8,
      },
    },
    { selector: 'edge[trouble = "some"]', style: { 'line-style': 'dashed', 'line-dash-pattern': [10, 4] } },
    { selector: 'edge[trouble = "bad"]', style: { 'line-style': 'dashed', 'line-dash-pattern': [4, 3] } },
    { selector: 'edge[?said]', style: { label: spoken } },
    { selector: 'edge[?idle]', style: { 'line-style': 'dotted' } },
    { selector: 'edge.near, .labelled edge, edge.labelled', style: { label: spoken, 'z-index': 10, opacity: 1 } },
    { selector: 'edge.near', style: { 'underlay-color': palette.accent, 'underlay-opacity': 0.18, 'underlay-padding': 4 } },
    { selector: '.dim', style: { opacity: 0.18 } },
    { selector: 'node.unplaced', style: { opacity: 0 } },
    {
      selector: 'node.chosen',
      style: { 'underlay-color': palette.accent, 'underlay-opacity': 0.28, 'underlay-padding': 8, 'underlay-shape': 'ellipse' },
    },
    {
      selector: 'node.measured[picture]',
      style: { width: (node: cytoscape.NodeSingular) => labels.sizeOf(node), height: (node: cytoscape.NodeSingular) => labels.sizeOf(node) },
    },
    { selector: 'node.measured', style: { 'font-size': (node: cytoscape.NodeSingular) => labels.fontOf(node) } },
    {
      selector: 'node.measured[kind != "box"]',
      style: {
        label: (node: cytoscape.NodeSingular) => labels.textOf(node), 'text-valign': (node: cytoscape.NodeSingular) => labels.isAbove(node) ? 'top' : 'bottom',
        'text-margin-y': (node: cytoscape.NodeSingular) => labels.isAbove(node) ? -4 : 4,
      },
    },
    { selector: 'edge.measured', style: { 'font-size': (edge: cytoscape.EdgeSingular) => Math.max(smallestFont, smallestFont / edge.cy().zoom()) } },
    { selector: 'node[kind = "box"].chosen', style: { 'underlay-shape': 'round-rectangle' } },
  ] as unknown as cytoscape.StylesheetJson;
}
